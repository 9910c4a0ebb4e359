import type { Metadata } from 'next'
import { LoginFirst } from '../../components/login-first.tsx'
import { Shell } from '../../components/shell.tsx'
import { Time } from '../../components/time.tsx'
import { here } from '../../src/here.ts'
import { type Told, toldOf } from '../../src/tell-event.ts'
import { userOwner } from '../../src/who-is.ts'

export const metadata: Metadata = { title: 'Activity' }

/** A user's own audit: who acted for them, what was asked, what was allowed, and why. */
export default async function ActivityPage() {
  const { app, who } = await here()
  const { identity } = who
  if (identity === undefined) {
    return (
      <Shell place="activity" identity={identity} returnTo="/activity">
        <LoginFirst title="Activity" returnTo="/activity" />
      </Shell>
    )
  }
  const events = app.activity.read(userOwner(identity), 100)
  return (
    <Shell place="activity" identity={identity} returnTo="/activity">
      <main>
        <h1>Activity</h1>
        {events.length === 0 && <p className="quiet-text">Your agent has not acted for you yet.</p>}
        <ol className="timeline">
          {events.map((event, index) => (
            // Newest first, and never changed.
            <Entry key={`${event.at} ${events.length - index}`} told={toldOf(event)} at={event.at} />
          ))}
        </ol>
      </main>
    </Shell>
  )
}

function Entry({ told: { title, verdict, who, why }, at }: { readonly told: Told; readonly at: number }) {
  return (
    <li>
      <p className="card-top">
        <strong>{title}</strong>
        <span className={`verdict ${verdict.kind}`}>{verdict.text}</span>
      </p>
      <p className="quiet-text">
        {who}. <Time at={at} />
      </p>
      {why.length > 0 && (
        <details>
          <summary>
            Why<span className="said">: {title}</span>
          </summary>
          <ul>
            {why.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

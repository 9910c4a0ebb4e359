import type { Metadata } from 'next'
import { Damaged } from '../../components/damaged.tsx'
import { LoginFirst } from '../../components/login-first.tsx'
import { Shell } from '../../components/shell.tsx'
import { Time } from '../../components/time.tsx'
import { here } from '../../src/here.ts'
import { type Story, storiesOf } from '../../src/tell-activity.ts'
import { userOwner } from '../../src/who-is.ts'

export const metadata: Metadata = { title: 'Activity' }

const [EVENTS, SHOWN] = [500, 50]

/** Shows a user's own audit: the acting party, the questions, the permitted actions, and the reasons. */
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
  const { events, damaged } = app.activity.read(userOwner(identity), EVENTS)
  const stories = storiesOf(events).slice(0, SHOWN)
  return (
    <Shell place="activity" identity={identity} returnTo="/activity">
      <main>
        <h1>Activity</h1>
        <Damaged positions={damaged} />
        {stories.length === 0 && <p className="quiet-text">Your agent has not acted for you yet.</p>}
        {stories.length > 0 && (
          <ol className="timeline">
            {stories.map((story) => (
              <Entry key={story.key} story={story} />
            ))}
          </ol>
        )}
      </main>
    </Shell>
  )
}

function Entry({ story: { title, verdict, who, at, moments, why } }: { readonly story: Story }) {
  return (
    <li className={verdict.kind}>
      <p className="card-top">
        <strong>{title}</strong>
        <span className={`verdict ${verdict.kind}`}>{verdict.text}</span>
      </p>
      <p className="quiet-text">
        {who} · <Time at={at} />
      </p>
      {moments.length > 0 && (
        <ul className="moments">
          {moments.map((moment) => (
            <li key={`${moment.at} ${moment.text}`}>{moment.text}</li>
          ))}
        </ul>
      )}
      {why.length > 0 && (
        <details>
          <summary>
            Why<span className="said">: {title}</span>
          </summary>
          <dl className="why">
            {why.map((one) => (
              <div key={`${one.step} ${one.detail}`} className="pair">
                <dt>{one.step}</dt>
                <dd>
                  {one.verdict === 'passed' ? '' : `${one.verdict}: `}
                  {one.detail}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  )
}

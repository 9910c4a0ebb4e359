import { displayText } from '@behalf/core/interrupts'
import type { Metadata } from 'next'
import { CancelButton } from '../../components/cancel-button.tsx'
import { Damaged } from '../../components/damaged.tsx'
import { LoginFirst } from '../../components/login-first.tsx'
import { Questions } from '../../components/questions.tsx'
import { Shell } from '../../components/shell.tsx'
import { Time } from '../../components/time.tsx'
import { decidedIn } from '../../src/decided.ts'
import { here } from '../../src/here.ts'
import { userOwner } from '../../src/who-is.ts'

export const metadata: Metadata = { title: 'Inbox' }

const states: Readonly<Record<string, string>> = {
  open: 'Waiting for an answer',
  approved: 'Approved, and not used yet',
  used: 'In progress',
}

/** Page of the agent's open questions, of past decisions, and of the questions of others' agents to this person. */
export default async function InboxPage() {
  const { app, who } = await here()
  const { identity } = who
  if (identity === undefined) {
    return (
      <Shell place="inbox" identity={identity} returnTo="/inbox">
        <LoginFirst title="Inbox" returnTo="/inbox" />
      </Shell>
    )
  }
  const listed = await app.guard.approvals.list({ as: 'owner', identity })
  const open = listed.filter(({ message }) => message !== '')
  const { events, damaged } = app.activity.read(userOwner(identity), 500)
  const decided = decidedIn(events).slice(0, 30)
  return (
    <Shell place="inbox" identity={identity} returnTo="/inbox">
      <main>
        <h1>Inbox</h1>
        <Damaged positions={damaged} />
        <Questions user={identity.subject} />
        <section aria-labelledby="open">
          <h2 id="open">Requests of your agent</h2>
          {open.length === 0 && <p className="quiet-text">No open requests.</p>}
          {open.map(({ id, message, state, approver }) => (
            <article key={id} className="card" aria-label={displayText(message)}>
              <p className="card-top">
                <strong>{displayText(message)}</strong>
                <span>{states[state] ?? state}</span>
              </p>
              {state === 'open' && (
                <p className="quiet-text">
                  {approver?.subject === identity.subject
                    ? 'You answer on your phone.'
                    : `${displayText(approver?.subject ?? '')} answers.`}
                </p>
              )}
              {state !== 'used' && <CancelButton id={id} message={displayText(message)} />}
            </article>
          ))}
        </section>
        <section aria-labelledby="decided">
          <h2 id="decided">Decided</h2>
          {decided.length === 0 && <p className="quiet-text">No decisions yet.</p>}
          {decided.length > 0 && (
            <ul className="card rows">
              {decided.map(({ id, message, end, approver, at }) => (
                <li key={id}>
                  <p className="card-top">
                    <span>{displayText(message)}</span>
                    <strong>{end}</strong>
                  </p>
                  <p className="quiet-text">
                    Asked: {displayText(approver)}. <Time at={at} />
                  </p>
                </li>
              ))}
            </ul>
          )}
        </section>
      </main>
    </Shell>
  )
}

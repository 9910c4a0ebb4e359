import { displayText } from '@behalf/core/interrupts'
import type { AvailableConnection, LinkedAccount } from '@behalf/core/vault'
import type { Metadata } from 'next'
import { LoginFirst } from '../../components/login-first.tsx'
import { Shell } from '../../components/shell.tsx'
import { here } from '../../src/here.ts'

export const metadata: Metadata = { title: 'Accounts' }

/**
 * Page of the accounts that the agent may use, on which a user can disconnect them. Changes go to `connectAccounts`,
 * under this path.
 */
export default async function AccountsPage({
  searchParams,
}: {
  readonly searchParams: Promise<Readonly<Record<string, unknown>>>
}) {
  const { app, who } = await here()
  const { identity } = who
  if (identity === undefined) {
    return (
      <Shell place="accounts" identity={identity} returnTo="/connections">
        <LoginFirst title="Accounts" returnTo="/connections" />
      </Shell>
    )
  }
  const [linked, available] = await Promise.all([app.accounts.list(identity), app.accounts.available(identity)])
  const said = noticeOf(await searchParams)
  return (
    <Shell place="accounts" identity={identity} returnTo="/connections">
      <main>
        <h1>Accounts</h1>
        {said !== undefined && (
          <p className="notice" role="status">
            {said}
          </p>
        )}
        {available.map((connection) => (
          <Connection
            key={connection.name}
            connection={connection}
            user={identity.subject}
            accounts={linked.filter(({ connection: name }) => name === connection.name)}
          />
        ))}
        <section className="card" aria-labelledby="end">
          <h2 id="end">Stop the agent</h2>
          <p>Its open requests end, your accounts are disconnected, and you are logged out everywhere.</p>
          <form
            action={`/access/end?${new URLSearchParams({ user: identity.subject })}`}
            method="post"
            className="actions"
          >
            <button type="submit">End the agent’s access</button>
          </form>
        </section>
      </main>
    </Shell>
  )
}

function Connection({
  connection: { name, label, scopes },
  user,
  accounts,
}: {
  readonly connection: AvailableConnection
  readonly user: string
  readonly accounts: readonly LinkedAccount[]
}) {
  const asked = new URLSearchParams({ user })
  const isMissing = accounts.every(({ status }) => status === 'must_reconnect')
  return (
    <section className="card" aria-label={displayText(label)}>
      <h2>{displayText(label)}</h2>
      {accounts.length === 0 && (
        <p className="quiet-text">Not connected. It would give access to {displayText(scopes.join(', '))}.</p>
      )}
      {accounts.map(({ id, label: shown = id, status, scopes: granted }) => (
        <div key={id}>
          <p>{displayText(shown)}</p>
          <p className="quiet-text">
            {status === 'connected'
              ? `Connected, with access to ${displayText(granted.join(', '))}.`
              : 'Connect it again.'}
          </p>
          <form action={`/connections/disconnect?${asked}`} method="post" className="actions settling">
            <input type="hidden" name="connection" value={name} />
            <input type="hidden" name="account" value={id} />
            <button type="submit">
              Disconnect <span className="said">{displayText(shown)}</span>
            </button>
          </form>
        </div>
      ))}
      {isMissing && (
        <form action={`/connections/connect?${asked}`} method="post" className="actions">
          <input type="hidden" name="connection" value={name} />
          <button className="main" type="submit">
            Connect
          </button>
        </form>
      )}
    </section>
  )
}

function noticeOf({ done, connected, connect_error: error }: Readonly<Record<string, unknown>>): string | undefined {
  if (done === 'disconnected') return 'The account is disconnected.'
  if (typeof connected === 'string') return 'The account is connected.'
  if (error === 'declined') return 'The account was not connected: you declined there.'
  return typeof error === 'string' ? 'The account was not connected. Please try again.' : undefined
}

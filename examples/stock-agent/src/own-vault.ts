import type { Fetch, Store, UserIdentity } from '@behalf/core'
import { type StoredVault, storedVault } from '@behalf/core/vault'
import type { ProtocolTarget, TargetUser } from '@behalf/testing'
import type { MovableClock } from './clock.ts'

/** A vault of the app's own: the exchange is a plain OAuth provider, and its refresh tokens rotate. */
export function ownVault(
  target: ProtocolTarget,
  parts: { store: Store; clock: MovableClock; fetch: Fetch },
): StoredVault {
  const { authentication, clientId } = target.clients.atUpstream
  if (authentication.method !== 'client_secret_basic') throw new TypeError('the demo expects a client with a secret')
  return storedVault({
    ...parts,
    connections: {
      [target.connection]: {
        label: 'Stock Trade',
        issuer: target.upstream.issuer,
        clientId,
        clientSecret: authentication.clientSecret,
        scopes: ['portfolio:read'],
        alwaysScopes: ['openid', 'offline_access'],
        resource: target.api.resource,
      },
    },
  })
}

/**
 * Acts as a user on the app's page of connections: agrees at the exchange, and returns. In an app, `connectAccounts` of
 * `@behalf/core/http` serves the page.
 */
export async function linkAccount(
  vault: StoredVault,
  target: ProtocolTarget,
  { upstreamSubject }: TargetUser,
  identity: UserIdentity,
  fetch: Fetch,
): Promise<void> {
  await target.upstream.controls.signInAs(upstreamSubject)
  const { connection } = target
  const browser = 'what only this browser holds'
  const redirectUri = target.clients.atUpstream.redirectUri ?? ''
  const started = await vault.accounts.connect({ identity, connection, redirectUri, browser })
  if (started.status !== 'started') throw new TypeError(`no connect flow: ${started.detail}`)
  const response = await fetch(started.url, { redirect: 'manual' })
  const { searchParams: parameters } = new URL(response.headers.get('location') ?? '')
  const done = await vault.accounts.complete({ identity, connection, parameters, browser })
  if (done.status !== 'connected') throw new TypeError(`not connected: ${done.status}`)
}

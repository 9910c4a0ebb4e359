import { type AuditEvent, type GuardWithDelegations, memoryStore } from '@behalf/core'
import { auth0 } from '@behalf/core/providers'
import { mockTarget, type ProtocolTarget, type TargetUser } from '@behalf/testing'
import { type MovableClock, movableClock } from './clock.ts'
import { stockGuard } from './guard.ts'
import { login, type Session } from './login.ts'
import { linkAccount, ownVault } from './own-vault.ts'
import { type WireWatch, watchWire } from './watch-wire.ts'

/** Faults that can be set, to check that the demo's own checks detect them. */
export const faults = ['api-down', 'vault-down', 'wrong-grant'] as const
export type WorldFault = (typeof faults)[number]

/** Vault that holds the account at the exchange: Auth0's, or the app's own. */
export const vaults = ['auth0', 'stored'] as const
export type VaultKind = (typeof vaults)[number]

/** Mocked servers, a guard over them, and observers of both. */
export interface World {
  readonly target: ProtocolTarget
  readonly guard: GuardWithDelegations
  readonly clock: MovableClock
  readonly wire: WireWatch
  readonly audit: readonly AuditEvent[]
  readonly fault: WorldFault | undefined
  /** @param takeRefreshToken - Called with the refresh token of a lasting login. */
  signIn(user: TargetUser, takeRefreshToken?: (token: string) => void): Promise<Session>
  /** Another process of the agent, or another agent, over the same store. */
  guardOf(agentName: string): GuardWithDelegations
  close(): Promise<void>
}

/** Starts the servers and makes the guard. No user is signed in. */
export async function openWorld(fault?: WorldFault, kind: VaultKind = 'auth0'): Promise<World> {
  const clock = movableClock()
  // Auth0's behaviour: a message is required, and an expired request looks like a refusal.
  const target = await mockTarget({ clock, ciba: { bindingMessageRequired: true, expiryError: 'access_denied' } })
  const { issuer, controls } = target.authorizationServer
  const { clientId, clientSecret, redirectUri } = agentClient(target)
  const wire = watchWire(target.api.origin)
  const audit: AuditEvent[] = []
  const { fetch } = wire
  const authorizationServer = auth0({ domain: new URL(issuer).host, clientId, clientSecret })
  const store = memoryStore({ clock })
  const vault = kind === 'stored' ? ownVault(target, { store, clock, fetch }) : undefined
  const guardOf = (agentName: string) =>
    stockGuard({
      authorizationServer,
      agentName,
      openFga: apiOf(target),
      audit: { write: (event) => void audit.push(event) },
      vault,
      store,
      clock,
      fetch,
    })
  const guard = guardOf(target.agentName)
  await breakSomething(target, fault, kind)
  return {
    target,
    guard,
    clock,
    wire,
    audit,
    fault,
    guardOf,
    async signIn(user, takeRefreshToken) {
      await controls.signInAs(user.subject)
      const audience = target.agentResource
      const more = takeRefreshToken === undefined ? {} : { takeRefreshToken }
      const trust = { authorizationServer, redirectUri, audience, store, clock, fetch }
      const session = await login({ ...trust, ...more })
      if (vault !== undefined) await linkAccount(vault, target, user, session.user, fetch)
      return session
    },
    close: () => target.close(),
  }
}

/** Returns the credentials of the agent's client, at either issuer. */
export function agentClient({ clients: { agent } }: ProtocolTarget) {
  const { authentication, clientId, redirectUri = '' } = agent
  if (authentication.method !== 'client_secret_basic') throw new TypeError('the demo expects a client with a secret')
  return { clientId, clientSecret: authentication.clientSecret, redirectUri }
}

function apiOf({ openFga: { apiUrl, storeId, authorizationModelId, apiToken } }: ProtocolTarget) {
  return { apiUrl, storeId, authorizationModelId, apiToken }
}

async function breakSomething(
  { api, authorizationServer, upstream }: ProtocolTarget,
  fault: WorldFault | undefined,
  kind: VaultKind,
) {
  const always = { status: 503, times: Number.POSITIVE_INFINITY }
  if (fault === 'api-down') await api.controls.fault('place-order', always)
  if (fault === 'vault-down' && kind === 'stored') {
    // A vault of the app's own uses only the refresh grant of the exchange.
    await upstream.controls.fault('token', always)
  } else if (fault === 'vault-down') {
    const grant_type = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token'
    await authorizationServer.controls.fault('token', { ...always, match: { grant_type } })
  }
}

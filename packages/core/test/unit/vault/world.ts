import type { UserIdentity } from '../../../src/base/contract/index.ts'
import type { Clock, Store } from '../../../src/base/ports.ts'
import { revealToken } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { allowInsecureLoopback } from '../../../src/oauth/profiles/profile.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { type StoredVaultOptions, storedVault } from '../../../src/vault/stored/stored-vault.ts'
import type { ConnectionDefinition } from '../../../src/vault/upstream/connection-definition.ts'
import type { VaultAnswer, VaultRequest } from '../../../src/vault/vault.ts'
import { servers, testClock } from '../runs/harness.ts'
import type { Provider } from './provider.ts'

export const REDIRECT = 'https://app.example/connections/callback/crm'
export const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

export const user = (subject = 'ann', change: Partial<UserIdentity> = {}): UserIdentity =>
  admit(
    {
      kind: 'user',
      issuer: 'https://login.example',
      subject,
      clientId: 'app',
      sessionId: 's-1',
      claims: {},
      ...change,
    },
    { isInteractive: true },
  )

export const definitionOf = (provider: Provider, change: Partial<ConnectionDefinition> = {}): ConnectionDefinition => ({
  label: 'CRM',
  issuer: provider.issuer,
  clientId: 'behalf-app',
  clientSecret: 'upstream-secret',
  scopes: ['contacts.read', 'contacts.write'],
  alwaysScopes: ['openid', 'offline_access'],
  account: { from: 'id_token', label: 'email' },
  [allowInsecureLoopback]: true,
  ...change,
})

/** An embedded vault over a store, and the ways of its users. */
export function world(
  provider: Provider,
  options: Partial<StoredVaultOptions> & {
    readonly definition?: Partial<ConnectionDefinition>
    readonly clock?: Clock & { advance(seconds: number): void }
  } = {},
) {
  const { definition, ...rest } = options
  const clock = options.clock ?? testClock()
  const store: Store = options.store ?? memoryStore({ clock })
  const vault = storedVault({
    store,
    keys,
    connections: { crm: definitionOf(provider, definition) },
    clock,
    timeoutMs: 2_000,
    ...rest,
  })
  const ask = (change: Partial<VaultRequest> = {}): Promise<VaultAnswer> =>
    vault.token(
      { identity: user(), connection: 'crm', scopes: ['contacts.read'], ...change },
      { authorizationServers: servers, now: clock.now() },
    )
  const start = async (identity = user(), scopes?: readonly string[], browser = 'browser-1') => {
    const started = await vault.accounts.connect({
      identity,
      connection: 'crm',
      redirectUri: REDIRECT,
      browser,
      ...(scopes !== undefined && { scopes }),
    })
    if (started.status !== 'started') throw new Error(`not started: ${started.status} ${started.detail}`)
    return started
  }
  const finish = (parameters: URLSearchParams, identity = user(), browser = 'browser-1', connection = 'crm') =>
    vault.accounts.complete({ identity, connection, parameters, browser })
  return {
    vault,
    clock,
    store,
    ask,
    start,
    finish,
    /** The token, or the status. */
    tokenOf: async (change?: Partial<VaultRequest>) => {
      const answer = await ask(change)
      return answer.status === 'token' ? revealToken(answer.token) : answer.status
    },
    link: async (identity = user(), scopes?: readonly string[]) => {
      const { url } = await start(identity, scopes)
      const done = await finish(provider.codeFor(url), identity)
      if (done.status !== 'connected') throw new Error(`not connected: ${done.status} ${done.detail}`)
      return done.account
    },
  }
}

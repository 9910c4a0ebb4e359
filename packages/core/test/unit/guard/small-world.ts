import * as z from 'zod'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { admit } from '../../../src/identity/verified.ts'
import {
  type AuditEvent,
  createGuard,
  type GuardOptions,
  type Invocation,
  memoryStore,
  policy,
  type Store,
  type UserIdentity,
} from '../../../src/index.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { elsewhere, testChannel, testClock } from '../runs/harness.ts'

export const ISSUER = 'https://issuer.example'
export const keys = { seal: [new Uint8Array(32).fill(3)], index: new Uint8Array(32).fill(4) } as const
export const schema = z.strictObject({ amount: z.number() })

/** A user that a verification let in, as far as the guard can tell. */
export const user = (over: Partial<UserIdentity> = {}): UserIdentity =>
  admit(
    { kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: { iat: 1_799_999_000 }, ...over },
    // As the profile says: tokens of another client are not had with the person there.
    { isInteractive: (over.clientId ?? 'agent') === 'agent' },
  )

export const asks = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}` },
})
export const writes = policy(schema, { version: '1', effect: 'write' })
export const reads = policy(schema, { version: '1' })

/** The agent's authorization server, with `over` in its profile. Its requests fail. */
export const servers = (over: object = {}) =>
  authorizationServers(oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret', ...over }), {
    fetch: () => Promise.reject(new TypeError('no request expected')),
    clock: Date,
    timeoutMs: 1000,
  })

/** Guards over one store, one channel and one clock, each in a process of its own, with nothing behind a network. */
export function smallWorld() {
  const clock = testClock()
  const store = memoryStore({ clock })
  const asked = testChannel()
  const events: AuditEvent[] = []
  const guard = (over: Partial<GuardOptions> = {}) =>
    createGuard({
      authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' }),
      agent: { name: 'agent:payer' },
      approvals: asked.channel,
      store: elsewhere(store),
      keys,
      clock,
      audit: { write: (event) => void events.push(event) },
      ...over,
      delegations: delegations(),
    })
  const call = (over: Partial<Invocation> = {}): Invocation => ({
    tool: 'pay',
    slot: ['thread', 'call'],
    input: { amount: 50 },
    identity: user(),
    ...over,
  })
  return { ...asked, clock, store: store as Store, guard, call, events }
}

import { createGuard, type Guard, type GuardOptions, memoryStore, type Profile, type UserIdentity } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { auth0 } from '@behalf/core/providers'
import { auth0TokenVault } from '@behalf/core/vault'
import { signIn } from './login.ts'
import { type MockServers, type MockServersOptions, startMockServers } from './start-mock-servers.ts'
import { tradingPermissions } from './trading-permissions.ts'

/** The test world, and the app in it whose agent is `agent:trader`. */
export interface MockApp extends MockServers {
  /** Clock of servers, store and guards; it advances only by `advance`. */
  readonly clock: { now(): number; advance(seconds: number): void }
  /** The app's issuer as the agent's client knows it: an `auth0()` profile. */
  readonly profile: Profile
  /**
   * Makes a guard with everything that exists here: OpenFGA, token vault, CIBA. Each guard is like one of another
   * process of the app over the same store and keys.
   */
  guard(over?: Partial<GuardOptions>): Guard
  /** Returns a signed-in user, verified. @param user - @default 'ann' */
  login(user?: 'ann' | 'bob'): Promise<UserIdentity>
}

/**
 * {@link startMockServers}, with an app that uses them all.
 *
 * @throws {@link TestingError} An unknown option key.
 */
export async function startMockApp(options: Omit<MockServersOptions, 'clock'> = {}): Promise<MockApp> {
  let offsetMs = 0
  const clock = {
    now: () => Date.now() + offsetMs,
    advance(seconds: number) {
      offsetMs += seconds * 1000
    },
  }
  const algorithm = options.algorithm ?? 'ES256'
  const servers = await startMockServers({ ...options, algorithm, clock })
  const { clientId, authentication } = servers.clients.agent
  if (!('clientSecret' in authentication)) throw new TypeError('a client with a secret was expected')
  const { clientSecret } = authentication
  const { host: domain } = new URL(servers.authorizationServer.issuer)
  const profile = auth0({ domain, clientId, clientSecret, algorithms: [algorithm] })
  const store = memoryStore({ clock })
  const random = () => crypto.getRandomValues(new Uint8Array(32))
  const keys: GuardOptions['keys'] = { seal: [random()], index: random() }
  return {
    ...servers,
    clock,
    profile,
    guard: (over = {}) =>
      createGuard({
        authorizationServer: profile,
        agent: { name: 'agent:trader', ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
        permissions: tradingPermissions(servers.openFga, { clock }),
        vault: auth0TokenVault(),
        approvals: ciba(),
        store,
        keys,
        clock,
        ...over,
      }),
    login: (user = 'ann') => signIn(servers, { user, profile, clock, scope: 'openid profile chat' }),
  }
}

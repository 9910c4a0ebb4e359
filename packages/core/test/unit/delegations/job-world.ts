import { login } from '@behalf/testing'
import type { Delegations } from '../../../src/entrypoints/delegations.ts'
import {
  type GuardOptions,
  type GuardWithDelegations,
  memoryStore,
  type UserIdentity,
  verifyAccessToken,
} from '../../../src/index.ts'
import { type World, world } from '../guard/world.ts'

export const AGENT = 'https://agent.behalf.example/'

export interface JobWorld extends World {
  /** Guards over one store, as in several processes. */
  process(over?: Partial<GuardOptions>): GuardWithDelegations
  /** A login of its own, for a delegation. */
  present(user?: string): Promise<{ readonly identity: UserIdentity; readonly refreshToken: string }>
  /** A delegation that reads the portfolio for a day. */
  delegate(
    guard: GuardWithDelegations,
    over?: Partial<Parameters<Delegations['create']>[0]>,
    user?: string,
  ): Promise<string>
  refreshes(): Promise<number>
}

export async function jobWorld(): Promise<JobWorld> {
  const made = await world()
  const store = memoryStore({ clock: made.clock })
  const present = async (user = 'ann') => {
    const { accessToken, refreshToken = '' } = await login(made, {
      user,
      profile: made.profile,
      clock: made.clock,
      scope: 'openid profile offline_access chat',
    })
    const identity = await verifyAccessToken(accessToken, {
      authorizationServer: made.profile,
      audience: AGENT,
      clock: made.clock,
    })
    return { identity: identity as UserIdentity, refreshToken }
  }
  return {
    ...made,
    present,
    process: (over = {}) => made.guard({ store, ...over }),
    async delegate(guard, over = {}, user = 'ann') {
      const { id } = await guard.delegations.create({
        ...(await present(user)),
        tools: ['read_portfolio'],
        scopes: ['portfolio:read'],
        expiresAt: made.clock.now() / 1000 + 86_400,
        ...over,
      })
      return id
    },
    async refreshes() {
      const requests = await made.authorizationServer.controls.requests()
      return requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length
    },
  }
}

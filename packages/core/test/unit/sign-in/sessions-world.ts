// A user's login, and sessions of it, over the mocked servers.
import { type LoginTokens, login, type MockServers, startMockServers } from '@behalf/testing'
import { onTestFinished } from 'vitest'
import { createSessions, type SessionsOptions } from '../../../src/entrypoints/identity.ts'
import { auth0 } from '../../../src/entrypoints/providers.ts'
import { memoryStore, type Profile, type Store } from '../../../src/index.ts'

export const AGENT = 'https://agent.behalf.example/'
const SCOPE = 'openid profile offline_access chat'

export interface World extends MockServers {
  readonly clock: { now(): number; advance(seconds: number): void }
  readonly profile: Profile
  readonly store: Store
  sessions(over?: Partial<SessionsOptions>): ReturnType<typeof createSessions>
  /** A login, as the token endpoint answers it. */
  answer(user?: string): Promise<{ readonly json: object; readonly tokens: LoginTokens }>
  refreshes(): Promise<number>
}

export async function world(): Promise<World> {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
  }
  const servers = await startMockServers({ algorithm: 'ES256', clock })
  onTestFinished(() => servers.close())
  const { clientId, authentication } = servers.clients.agent
  const clientSecret = 'clientSecret' in authentication ? authentication.clientSecret : ''
  const profile = auth0({ domain: 'tenant.behalf.example', clientId, clientSecret, algorithms: ['ES256'] })
  const store = memoryStore({ clock })
  return {
    ...servers,
    clock,
    profile,
    store,
    sessions: (over = {}) => createSessions({ authorizationServer: profile, audience: AGENT, store, clock, ...over }),
    async answer(user = 'ann') {
      const tokens = await login(servers, { user, profile, clock, scope: SCOPE })
      const { accessToken, idToken, refreshToken } = tokens
      const json = {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        id_token: idToken,
        refresh_token: refreshToken,
      }
      return { json, tokens }
    },
    async refreshes() {
      const requests = await servers.authorizationServer.controls.requests()
      return requests.filter(({ parameters }) => parameters?.grant_type === 'refresh_token').length
    },
  }
}

import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { createSessions } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, memoryStore } from '../../../src/index.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'

const AUDIENCE = 'https://agent.example/'
const clock = testClock()
const issuer = await mockIssuer('https://issuer.example', () => clock.now())
let answer: () => Promise<object>
useMsw(
  ...issuer.handlers,
  http.post('https://issuer.example/token', async () => HttpResponse.json((await answer()) as never)),
)

const authorizationServer = oidc({
  issuer: issuer.issuer,
  clientId: 'agent-app',
  clientSecret: 'a-client-secret',
  algorithms: ['ES256'],
})
const accessToken = (claims: object = {}) => issuer.sign({ ...accessTokenClaims, aud: AUDIENCE, ...claims })
const idToken = (claims: object = {}) => issuer.sign({ sub: 'ann', aud: 'agent-app', ...claims }, { typ: 'JWT' })
const response = async (claims: object = {}) => ({
  access_token: await accessToken(claims),
  token_type: 'Bearer',
  expires_in: 60,
})

function world() {
  const store = memoryStore({ clock })
  return {
    sessions: createSessions({ authorizationServer, audience: AUDIENCE, store, clock }),
    guard: createGuard({ authorizationServer, agent: { name: 'agent:trader' }, store, clock }),
  }
}

describe('an access token of another client proves no presence of a user (I7, I10)', () => {
  test.each([
    ['alone', async () => ({})],
    ['beside an id_token of ours', async () => ({ id_token: await idToken() })],
  ])('%s', async (_, more) => {
    const { sessions } = world()
    const created = sessions.create({ ...(await response({ client_id: 'nightly-job' })), ...(await more()) })
    await expect(created).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'audience' })
  })

  test('in a renewal', async () => {
    const { sessions } = world()
    const { id } = await sessions.create({ ...(await response()), refresh_token: 'first' })
    answer = async () => ({ ...(await response({ client_id: 'nightly-job' })), refresh_token: 'second' })
    clock.advance(59)
    await expect(sessions.identity(id)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'audience' })
  })
})

describe('the time of a login that only its id_token says', () => {
  const login = async (authTime: number) => ({
    ...(await response()),
    id_token: await idToken({ auth_time: authTime }),
  })

  test('is compared with a revocation: a login from before it makes no session (I11)', async () => {
    const { sessions, guard } = world()
    const authTime = clock.now() / 1000
    clock.advance(60)
    await guard.revoke({ issuer: issuer.issuer, subject: 'ann' })
    clock.advance(60)
    await expect(sessions.create(await login(authTime))).rejects.toMatchObject({
      code: 'ERR_INVALID_TOKEN',
      reason: 'inactive',
    })
    const { identity } = await sessions.create(await login(clock.now() / 1000))
    expect(identity.authTime).toBe(clock.now() / 1000)
  })

  test('stays that of the login where the access token has one of its own', async () => {
    const { sessions } = world()
    const authTime = clock.now() / 1000 - 10
    const { identity } = await sessions.create({
      ...(await response({ auth_time: authTime })),
      id_token: await idToken({ auth_time: authTime - 10 }),
    })
    expect(identity.authTime).toBe(authTime)
  })
})

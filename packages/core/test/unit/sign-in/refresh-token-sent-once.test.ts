import { expect, test } from 'vitest'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { memoryFile } from './device-server.ts'
import { rotatingServer, type Turn } from './rotating-server.ts'

const msw = useMsw()
const ISSUER = 'https://rotating.example.com'

/** A login in an unsealed file, and the processes that use it. */
async function world() {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const server = await rotatingServer(ISSUER, clock.now)
  msw.use(...server.handlers)
  const answer = (await server.login()) as Readonly<Record<string, string>>
  const file = memoryFile()
  const identity = { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} }
  const login = {
    identity,
    token: { value: answer.access_token },
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    renewedAt: 0,
  }
  file.value = new TextEncoder().encode(JSON.stringify({ v: 1, sealed: false, login }))
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'app', algorithms: ['ES256'] })
  const started = () => createDeviceLogin({ authorizationServer, show: () => {}, file, clock, timeoutMs: 2_000 })
  return {
    server,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
    ask: () =>
      started()
        .identity()
        .then(
          ({ status }) => status,
          (error: { readonly code?: string }) => error.code,
        ),
  }
}

test.each<Turn>(['lost', 'lost_500'])(
  'a device login sends its refresh token once, also after a lost response and a restart: %s',
  async (turn) => {
    const { server, advance, ask } = await world()
    // While its id_token still proves who it is, and after.
    advance(3550)
    server.turns.push(turn)
    expect(await ask()).toBe('verified')
    expect(await ask()).toBe('verified')
    advance(100)
    expect(await ask()).toBe('login_required')
    expect(server).toMatchObject({ reuses: 0, grants: 1, revoked: ['r-0'] })
  },
)

test('a device login keeps the newest refresh token of a response that does not verify', async () => {
  const { server, advance, ask } = await world()
  advance(3550)
  server.turns.push('bad_signature')
  expect(await ask()).toBe('ERR_INVALID_TOKEN')
  expect(await ask()).toBe('verified')
  expect(server).toMatchObject({ reuses: 0, grants: 2, revoked: ['a-1'] })
})

test('a lost response from before the clock was set back by a day ends the login, and does not prevent a new one', async () => {
  const { server, advance, ask } = await world()
  advance(90_000)
  server.turns.push('lost')
  expect(await ask()).toBe('ERR_TRANSPORT')
  advance(-86_400)
  expect(await ask()).toBe('login_required')
  expect(server).toMatchObject({ reuses: 0, grants: 1 })
})

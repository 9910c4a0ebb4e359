import { expect, test } from 'vitest'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { memoryFile } from './device-server.ts'
import { rotatingServer } from './rotating-server.ts'

const msw = useMsw()
const ISSUER = 'https://rotating.example.com'

test('after a logout, no call reports the user by a renewal that began before', async () => {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const server = await rotatingServer(ISSUER, clock.now)
  msw.use(...server.handlers)
  const answer = (await server.login()) as Readonly<Record<string, string>>
  const file = memoryFile()
  const login = {
    identity: { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} },
    token: { value: answer.access_token },
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    renewedAt: 0,
  }
  file.value = new TextEncoder().encode(JSON.stringify({ v: 1, sealed: false, login }))
  let written = () => {}
  const isWritten = new Promise<void>((resolve) => (written = resolve))
  let release = () => {}
  const isReleased = new Promise<void>((resolve) => (release = resolve))
  const { alone } = file
  file.alone = (signal, work) =>
    alone(signal, async () => {
      const done = await work()
      written()
      await isReleased
      return done
    })
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'app', algorithms: ['ES256'] })
  const ann = createDeviceLogin({ authorizationServer, show: () => {}, file, clock, timeoutMs: 2_000 })
  offset = 3_595_000
  const renewed = ann.identity()
  // The new tokens are stored, and the file's lock is being given back.
  await isWritten
  await ann.logout()
  const late = ann.identity()
  release()
  expect(await late).toMatchObject({ status: 'login_required' })
  await renewed
})

import { expect, test } from 'vitest'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import type { LoginFile } from '../../../src/sign-in/device-login/kept-file.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { memoryFile } from './device-server.ts'
import { rotatingServer } from './rotating-server.ts'

const msw = useMsw()
const ISSUER = 'https://stopped.example.com'

async function world() {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const server = await rotatingServer(ISSUER, clock.now)
  msw.use(...server.handlers)
  const answer = (await server.login()) as Readonly<Record<string, string>>
  const memory = memoryFile()
  const login = {
    identity: { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} },
    token: { value: answer.access_token },
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    nonce: 'n-1',
    renewedAt: 0,
  }
  memory.value = new TextEncoder().encode(JSON.stringify({ v: 1, sealed: false, login }))
  // A process that is stopped for five seconds loses its turn: others work beside it.
  const file: LoginFile = { ...memory, ...methods(memory), alone: (_signal, work) => work() }
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'app', algorithms: ['ES256'] })
  const ask = (fetchOf?: typeof fetch) =>
    createDeviceLogin({
      authorizationServer,
      show: () => {},
      file,
      clock,
      timeoutMs: 5_000,
      ...(fetchOf !== undefined && { fetch: fetchOf }),
    })
      .identity()
      .then(
        ({ status }) => status,
        (error: { readonly code?: string }) => error.code,
      )
  const advance = (seconds: number) => {
    offset += seconds * 1000
  }
  return { server, ask, advance }
}

const methods = (file: LoginFile): Pick<LoginFile, 'read' | 'write' | 'remove'> => ({
  read: () => file.read(),
  write: (value) => file.write(value),
  remove: () => file.remove(),
})

/** Another process asks while the answer to the refresh is on its way to the one that was stopped. */
async function askedMeanwhile(seconds: number) {
  const { server, ask, advance } = await world()
  advance(3_700)
  let meanwhile: unknown
  const stopped: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (String(init?.body).includes('grant_type=refresh_token')) {
      advance(seconds)
      meanwhile = await ask()
    }
    return response
  }
  const first = await ask(stopped)
  return { server, meanwhile, first, later: await ask() }
}

test('a command line that was stopped in a renewal keeps its login: another one waits for the answer on its way', async () => {
  const { server, ...outcomes } = await askedMeanwhile(6)
  expect(outcomes).toEqual({ meanwhile: 'ERR_TRANSPORT', first: 'verified', later: 'verified' })
  expect(server).toMatchObject({ reuses: 0, grants: 1, revoked: [] })
})

test('an answer that does not come within a minute is taken for lost, and the login has to be made again', async () => {
  const { server, ...outcomes } = await askedMeanwhile(61)
  expect(outcomes).toEqual({ meanwhile: 'login_required', first: 'login_required', later: 'login_required' })
  expect(server).toMatchObject({ reuses: 0, grants: 1 })
})

import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, memoryStore, type UserIdentity } from '../../../src/index.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { keys, writes } from '../guard/small-world.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { memoryFile } from './device-server.ts'
import { quickPolls } from './quick-polls.ts'

const clock = testClock()
const as = await mockIssuer('https://as.example.com', clock.now)
as.metadata.device_authorization_endpoint = `${as.issuer}/device`
let answer: object = {}
const authorization = {
  device_code: 'd',
  user_code: 'BCDF-GHJK',
  verification_uri: 'https://as.example.com/device',
  expires_in: 600,
  interval: 1,
}
useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(answer as never)),
  http.post(`${as.issuer}/device`, () => HttpResponse.json(authorization)),
)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'cli', algorithms: ['ES256'] })

/** Tokens that do not say when the user logged in. */
const tokens = async (withIdToken: boolean) => ({
  access_token: 'opaque',
  token_type: 'Bearer',
  expires_in: 300,
  refresh_token: 'r',
  ...(withIdToken && { id_token: await as.sign({ sub: 'ann', aud: 'cli' }, { typ: 'JWT' }) }),
})

test.each([
  ['sealed', 'nothing about its user', false],
  ['sealed', 'an id_token', true],
  ['unsealed', 'an id_token', true],
])(
  verifies('I9', 'the login of a device, stored %s, stays revoked after a renewal that brought %s'),
  async (keeps, _, withIdToken) => {
    quickPolls()
    const store = memoryStore({ clock })
    const file = memoryFile()
    // As after a restart of the command line.
    const device = () =>
      createDeviceLogin({
        authorizationServer,
        show: () => {},
        file,
        clock,
        ...(keeps === 'sealed' && { key: new Uint8Array(32).fill(7) }),
      })
    const guard = () => createGuard({ authorizationServer, agent: { name: 'agent:a' }, store, keys, clock })
    const run = (identity: UserIdentity) =>
      guard().run(writes, { tool: 'pay', slot: crypto.randomUUID(), input: { amount: 1 }, identity }, () => 'ran')
    answer = await tokens(true)
    const login = await device().login()
    if (login.status !== 'verified') throw new Error(login.status)
    expect(await run(login.identity)).toMatchObject({ status: 'done' })
    clock.advance(10)
    await guard().revoke({ issuer: as.issuer, subject: 'ann' })
    for (let renewal = 0; renewal < 2; renewal++) {
      clock.advance(400)
      answer = await tokens(withIdToken)
      const next = await device().identity()
      if (next.status !== 'verified') throw new Error(next.status)
      expect(await run(next.identity as UserIdentity)).toMatchObject({ status: 'denied', code: 'revoked' })
    }
  },
  20_000,
)

test.each([
  ['sealed', 'renewed before', 200],
  ['unsealed', 'renewed before', 200],
  ['unsealed', 'renewed after', 400],
])(
  verifies('I9', 'session and actor that only the login of a device named stay, stored %s, %s its token ended'),
  async (keeps, _, seconds) => {
    quickPolls()
    const store = memoryStore({ clock })
    const file = memoryFile()
    const resource = 'https://agent.example.com'
    const key = keeps === 'sealed' ? { key: new Uint8Array(32).fill(7) } : {}
    // As after a restart of the command line.
    const device = () => createDeviceLogin({ authorizationServer, show: () => {}, file, clock, resource, ...key })
    const agent = { name: 'agent:a' }
    const guard = createGuard({ authorizationServer, agent, store, keys, clock, delegations: delegations() })
    const accessToken = async () => ({
      access_token: await as.sign({ sub: 'ann', aud: resource, client_id: 'cli', jti: crypto.randomUUID() }),
      token_type: 'Bearer',
      expires_in: 240,
      refresh_token: 'r',
    })
    const named = { sub: 'ann', aud: 'cli', sid: 'a-session', act: { sub: 'support-desk' } }
    answer = { ...(await accessToken()), id_token: await as.sign(named, { typ: 'JWT' }) }
    expect(await device().login()).toMatchObject({ status: 'verified' })
    for (let renewal = 0; renewal < 3; renewal++) {
      clock.advance(seconds)
      answer = await accessToken()
      const next = await device().identity()
      if (next.status !== 'verified') throw new Error(next.status)
      const identity = next.identity as UserIdentity
      expect(identity).toMatchObject({ sessionId: 'a-session', actor: { subject: 'support-desk' } })
      const agreed = guard.delegations.create({ identity, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 })
      await expect(agreed).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
      if (renewal === 1) await guard.revoke({ issuer: as.issuer, session: 'a-session' })
      const call = { tool: 'pay', slot: crypto.randomUUID(), input: { amount: renewal }, identity }
      expect((await guard.run(writes, call, () => 'ran')).status).toBe(renewal < 1 ? 'done' : 'denied')
    }
  },
  20_000,
)

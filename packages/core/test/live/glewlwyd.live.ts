import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type CibaOptions, ciba } from '../../src/entrypoints/ciba.ts'
import { cibaPing } from '../../src/entrypoints/http.ts'
import { createIntrospection, createSessions, requestAgentIdentity } from '../../src/entrypoints/identity.ts'
import { deviceLogin } from '../../src/entrypoints/node.ts'
import { generateDpopKey, type OidcOptions, oidc } from '../../src/entrypoints/providers.ts'
import { createResourceServer } from '../../src/entrypoints/resource-server.ts'
import { Token } from '../../src/entrypoints/spi.ts'
import {
  allowInsecureLoopback,
  createGuard,
  memoryStore,
  type Profile,
  policy,
  type Store,
  verifyAccessToken,
} from '../../src/index.ts'
import {
  AGENT,
  API,
  CALLBACK,
  createGlewlwydRealm,
  GLEWLWYD_URL,
  ISSUER,
  KEY_AGENT,
  PINGED,
  pingEndpoint,
} from './live-glewlwyd.ts'
import { connect, type Login, signInAt, watchRefreshTokens } from './live-sign-in.ts'

if (GLEWLWYD_URL === undefined) console.log('not run: GLEWLWYD_URL does not say where a Glewlwyd answers')

/** The recipe of the guide "Providers". */
const recipe = {
  algorithms: ['RS256'],
  exchange: false,
  ciba: {
    hint: ({ subject }) => ({ login_hint: JSON.stringify({ sub: subject }) }),
    checkBindingMessage: (message) => (message.length > 256 ? 'Glewlwyd takes 256 characters at most' : undefined),
    requestedExpiry: { parameter: 'requested_expiry', min: 1, max: 300 },
  },
} as const satisfies Partial<OidcOptions>

const glewlwyd = (options: Partial<OidcOptions> = {}) =>
  oidc({ issuer: ISSUER, ...AGENT, ...recipe, [allowInsecureLoopback]: true, ...options })

const buys = (details = false) =>
  policy(z.strictObject({ quantity: z.int() }), {
    approval: {
      message: ({ input }) => `Buy ${input.quantity} AAPL`,
      ...(details && { details: ({ input }) => [{ type: 'order', quantity: input.quantity }] }),
      lifetimeSeconds: 120,
    },
  })

/** No token exchange: the server has none. */
describe.runIf(GLEWLWYD_URL !== undefined)('a real Glewlwyd', () => {
  const profile = glewlwyd()
  let realm: Awaited<ReturnType<typeof createGlewlwydRealm>>
  beforeAll(async () => {
    realm = await createGlewlwydRealm()
  }, 30_000)

  const forApi: Login = { scope: 'openid trade', resource: API }
  const login = (options: Login = {}, own = profile) => signInAt(own, CALLBACK, realm.browse, options)
  const ann = async (own = profile) => (await login({}, own)).identity
  const withKey = (audience: 'issuer' | 'endpoint') =>
    glewlwyd({
      clientId: KEY_AGENT,
      clientSecret: undefined,
      clientAuthentication: {
        ...{ method: 'private_key_jwt', privateKey: realm.privateKey, algorithm: 'RS256', keyId: 'one' },
        audience,
      },
    })

  /** A call that a person must approve. `answer`: what ann says, if she says anything. */
  async function call(
    { quantity, answer, rule = buys() }: { quantity: number; answer?: 'yes' | 'no'; rule?: ReturnType<typeof buys> },
    options: CibaOptions = {},
    { own = profile, store = memoryStore() }: { own?: Profile; store?: Store } = {},
  ) {
    const guard = createGuard({
      authorizationServer: own,
      agent: { name: 'agent:trader' },
      store,
      approvals: ciba(options),
    })
    const invocation = { tool: 'buy', slot: `live-${quantity}`, input: { quantity }, identity: await ann(own) }
    const run = () => guard.run(rule, invocation, () => 'bought')
    let outcome = await run()
    if (outcome.status === 'interrupted' && answer !== undefined) {
      await realm.answer(`Buy ${quantity} AAPL`, answer)
    }
    for (let polls = 0; polls < 40 && outcome.status === 'interrupted'; polls++) {
      await wait(250)
      outcome = await run()
    }
    return outcome
  }

  test('login by code and PKCE: id_token and access token verify, and name the same person', async () => {
    const { tokens, identity: user } = await login(forApi)
    const caller = await verifyAccessToken(tokens.accessToken, { authorizationServer: profile, audience: API })
    expect(caller).toMatchObject({ kind: 'user', subject: user.subject, clientId: AGENT.clientId })
    const other = { authorizationServer: profile, audience: 'https://other.example/' }
    await expect(verifyAccessToken(tokens.accessToken, other)).rejects.toMatchObject({ reason: 'audience' })
  })

  test('UserInfo is of the user, and a logout leads to the server’s question', async () => {
    const { identity, signIn } = await login(forApi)
    expect(await signIn.userInfo(identity)).toMatchObject({ sub: identity.subject })
    const page = await signIn.logoutUrl({ identity })
    // The server asks the person on its own page first.
    const asked = await realm.browse(new URL(page ?? ''))
    expect(asked.href).toMatch(/\/login\.html\?.*client_id=stock-agent&prompt=end_session/)
    // It does not say when the person logged in: a revoked user stays out.
    expect(identity.authTime).toBe(0)
  })

  test('a pushed request with details: the API reads them in the token', async () => {
    const details = [{ type: 'order', locations: [API], actions: ['buy'] }]
    const parameters = { authorization_details: JSON.stringify(details) }
    const { tokens } = await login({ ...forApi, parameters, pushed: true })
    const api = createResourceServer({ authorizationServer: profile, audience: API })
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    expect(await api.protect(new Request(API, { headers }))).toMatchObject({ ok: true, authorizationDetails: details })
  })

  test('introspection names the person, and a revoked token is inactive', async () => {
    const introspect = createIntrospection({ authorizationServer: profile, audience: API })
    const { tokens } = await login(forApi)
    expect(await introspect(tokens.accessToken)).toMatchObject({ kind: 'user', clientId: AGENT.clientId })
    await connect(profile).revoke(tokens.accessToken, { hint: 'access_token' })
    await expect(introspect(tokens.accessToken)).rejects.toMatchObject({ reason: 'inactive' })
  })

  test('a session renews with a refresh token that rotates, and its end reaches the server', async () => {
    const watched = watchRefreshTokens()
    const { tokens, nonce } = await login(forApi)
    let aheadMs = 0
    const clock = { now: () => Date.now() + aheadMs }
    const sessions = createSessions({ authorizationServer: profile, store: memoryStore(), fetch: watched.fetch, clock })
    const { id } = await sessions.create(tokens, { nonce })
    // Tokens live for 300 seconds.
    aheadMs = 270_000
    expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
    expect(watched.tokens).toEqual([expect.any(String)])
    expect(watched.tokens).not.toContain(tokens.refreshToken)
    await sessions.end(id)
    // The server answers a refused refresh token with 400 and no body.
    const late = connect(profile).grant('refresh_token', { refresh_token: watched.tokens[0] })
    await expect(late).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE', status: 400 })
  })

  test('a refresh token that is used twice ends the whole chain', async () => {
    const { tokens } = await login(forApi)
    const server = connect(profile)
    const next = await server.grant('refresh_token', { refresh_token: tokens.refreshToken })
    for (const token of [tokens.refreshToken, next.refreshToken]) {
      await expect(server.grant('refresh_token', { refresh_token: token })).rejects.toMatchObject({ status: 400 })
    }
  })

  test('the agent gets a token of its own for the API', async () => {
    const agent = await requestAgentIdentity({ authorizationServer: profile, resource: API, scopes: ['trade'] })
    expect(agent).toMatchObject({ kind: 'agent', clientId: AGENT.clientId })
  })

  test('private_key_jwt: the server wants the endpoint as the audience, and refuses its issuer', async () => {
    const device = { scope: 'openid' }
    const question = { scope: 'openid', login_hint: '{"username":"ann"}', binding_message: 'By a key' }
    const toIssuer = connect(withKey('issuer'))
    await expect(toIssuer.grant('client_credentials', { scope: 'trade' })).rejects.toMatchObject({ status: 403 })
    await expect(toIssuer.introspect('no-token')).rejects.toMatchObject({ status: 401 })
    await expect(toIssuer.requestDeviceAuthorization(device)).rejects.toMatchObject({ error: 'unauthorized_client' })
    await expect(toIssuer.requestBackchannelAuthentication(question)).rejects.toMatchObject({ status: 401 })
    const toEndpoint = connect(withKey('endpoint'))
    expect(await toEndpoint.grant('client_credentials', { scope: 'trade' })).toMatchObject({ scopes: ['trade'] })
    expect(await toEndpoint.introspect('no-token')).toMatchObject({ active: false })
    expect(await toEndpoint.requestDeviceAuthorization(device)).toMatchObject({ interval: 1 })
    expect(await toEndpoint.requestBackchannelAuthentication(question)).toMatchObject({ interval: 5 })
  })

  test('CIBA by poll: a yes, a no, and no answer', async () => {
    // One after the other: of two questions at once, the server shows ann only one.
    expect(await call({ quantity: 50, answer: 'yes' })).toMatchObject({ status: 'done', result: 'bought' })
    expect(await call({ quantity: 60, answer: 'no' })).toMatchObject({ status: 'denied', code: 'approval_denied' })
    const short = policy(z.strictObject({ quantity: z.int() }), {
      approval: { message: ({ input }) => `Buy ${input.quantity} AAPL`, lifetimeSeconds: 3 },
    })
    expect(await call({ quantity: 70, rule: short })).toMatchObject({ status: 'denied', code: 'approval_expired' })
  }, 60_000)

  test('CIBA by ping: the server announces a yes; a no is found by the poll', async () => {
    const store = memoryStore()
    const pinged = { own: glewlwyd(PINGED), store }
    const endpoint = await pingEndpoint(cibaPing({ store }))
    try {
      const began = Date.now()
      expect(await call({ quantity: 80, answer: 'yes' }, { ping: true }, pinged)).toMatchObject({ status: 'done' })
      // Sooner than the interval of five seconds allows a poll.
      expect(Date.now() - began).toBeLessThan(4500)
      expect(endpoint.answered).toEqual([204])
      expect(await call({ quantity: 81, answer: 'no' }, { ping: true }, pinged)).toMatchObject({ status: 'denied' })
      expect(endpoint.answered).toEqual([204])
    } finally {
      await endpoint.close()
    }
  }, 60_000)

  test('CIBA by a signed request', async () => {
    const signRequest = { privateKey: realm.privateKey, algorithm: 'RS256', keyId: 'one' }
    const outcome = await call({ quantity: 90, answer: 'yes' }, { signRequest }, { own: withKey('endpoint') })
    expect(outcome).toMatchObject({ status: 'done' })
  })

  test('CIBA: the server ignores details without an error, so the yes is refused', async () => {
    const own = glewlwyd({ ciba: { ...recipe.ciba, carriesAuthorizationDetails: true } })
    const outcome = await call({ quantity: 91, answer: 'yes', rule: buys(true) }, {}, { own })
    expect(outcome.status).toBe('denied')
    expect(JSON.stringify(outcome.trace)).toContain('authorization_details differ from the requested ones')
  })

  test('CIBA: after a bare invalid_request, the trace says what was sent', async () => {
    const own = glewlwyd({
      ciba: { ...recipe.ciba, requestedExpiry: { parameter: 'requested_expiry', min: 400, max: 400 } },
    })
    const outcome = await call({ quantity: 92 }, {}, { own })
    expect(outcome).toMatchObject({ status: 'denied', code: 'approval_not_sent' })
    expect(JSON.stringify(outcome.trace)).toContain('scope, login_hint, binding_message, requested_expiry 400')
  })

  test('device login: the person confirms the code in their browser', async () => {
    const device = deviceLogin({
      authorizationServer: profile,
      application: 'live',
      folder: await mkdtemp(join(tmpdir(), 'behalf-live-')),
      show: async ({ verificationUriComplete }) => void (await realm.browse(new URL(verificationUriComplete ?? ''))),
    })
    const { subject } = await ann()
    expect(await device.login()).toMatchObject({ status: 'verified', identity: { subject } })
  })

  test('DPoP: tokens are bound to our key at login and refresh, and the API takes them with its proof only', async () => {
    const key = await generateDpopKey()
    const own = glewlwyd({ dpop: key })
    const { tokens } = await login(forApi, own)
    const { accessToken } = await connect(own).grant('refresh_token', { refresh_token: tokens.refreshToken })
    const api = createResourceServer({ authorizationServer: own, audience: API, dpop: { store: memoryStore() } })
    const [method, url] = ['POST', `${API}orders`]
    const proof = await key.proof({ method, url, accessToken: new Token(accessToken) })
    const request = (headers: Record<string, string>) => api.protect(new Request(url, { method, headers }))
    const proved = await request({ authorization: `DPoP ${accessToken}`, dpop: proof })
    expect(proved).toMatchObject({ ok: true })
    expect(await request({ authorization: `Bearer ${accessToken}` })).toMatchObject({ ok: false })
  })

  test('a client that registered itself signs people in', async () => {
    const { clientId, clientSecret } = await realm.register()
    expect(await ann(glewlwyd({ clientId, clientSecret }))).toMatchObject({ kind: 'user' })
  })
})

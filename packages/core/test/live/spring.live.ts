import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  createIntrospection,
  createSessions,
  requestAgentIdentity,
  subjectTokenOf,
  verifyTokenResponse,
} from '../../src/entrypoints/identity.ts'
import { deviceLogin } from '../../src/entrypoints/node.ts'
import { generateDpopKey, type SpringOptions, spring } from '../../src/entrypoints/providers.ts'
import { createResourceServer, type Passed } from '../../src/entrypoints/resource-server.ts'
import { exchangeToken } from '../../src/entrypoints/spi.ts'
import {
  allowInsecureLoopback,
  createGuard,
  memoryStore,
  type Profile,
  policy,
  resource,
  type UserIdentity,
  verifyAccessToken,
} from '../../src/index.ts'
import { connect, type Login, signInAt, watchRefreshTokens } from './live-sign-in.ts'
import { API, browse, CALLBACK, clientOf, KEY_AGENT, publishKey, SPRING_URL } from './live-spring.ts'

if (SPRING_URL === undefined)
  console.log('not run: SPRING_URL does not say where a Spring Authorization Server answers')

/** The agents themselves, to which the app sends the user's token, and an agent the token of another one. */
const AGENTS = 'https://agents.stocktrade.example/'

const at = (options: Partial<SpringOptions> = {}) =>
  spring({
    issuer: SPRING_URL ?? 'http://127.0.0.1',
    ...clientOf('stock-agent'),
    [allowInsecureLoopback]: true,
    ...options,
  })

const forAgents: Login = { scope: 'openid trade', resource: AGENTS }
const login = (options: Login = forAgents, own = at()) => signInAt(own, CALLBACK, browse, options)
const verifyFor = async (audience: string, token: string, own = at()) =>
  (await verifyAccessToken(token, { authorizationServer: own, audience })) as UserIdentity
const ann = async (own = at()) => verifyFor(AGENTS, (await login(forAgents, own)).tokens.accessToken, own)

/**
 * A guarded call of an agent. The API is in this process: it verifies the token, the proof and who acts.
 *
 * @returns the outcome, and what the API learned
 */
async function callApi(own: Profile, identity: UserIdentity, scopes = ['trade'], target = API) {
  const { clientId: name } = own
  const api = createResourceServer({
    ...{ authorizationServer: own, audience: target, dpop: { store: memoryStore() } },
    actors: { required: true, allow: [{ subject: name, issuer: own.issuer }] },
  })
  const found: { passed?: Passed; token?: string } = {}
  const guard = createGuard({
    authorizationServer: own,
    agent: {
      name,
      // The server names the agent in `act` for the token that proves it.
      actorToken: ({ signal }) =>
        requestAgentIdentity({ authorizationServer: own, resource: own.issuer, scopes: ['trade'], signal }),
    },
    fetch: async (url, init) => {
      const request = new Request(url as RequestInfo, init)
      if (!request.url.startsWith(target)) return fetch(request)
      const result = await api.protect(request, { scopes })
      if (!result.ok) return result.response
      found.passed = result
      found.token = request.headers.get('authorization')?.split(' ')[1] ?? ''
      return Response.json({ ordered: true })
    },
  })
  const buys = policy(z.strictObject({}), { access: { trade: resource(target, { scopes }) } })
  const call = { tool: 'buy', slot: 'live', input: {}, identity }
  const outcome = await guard.run(buys, call, async (_, { access }) => {
    const response = await access.trade.fetch(`${target}orders`, { method: 'POST' })
    return response.status
  })
  return { outcome, ...found }
}

/** No CIBA and no rich authorization requests: the server has neither. */
describe.runIf(SPRING_URL !== undefined)('a real Spring Authorization Server', () => {
  test('login by code and PKCE: id_token and access token verify, and are told apart', async () => {
    const { tokens, nonce } = await login()
    expect(await verifyTokenResponse(tokens, { authorizationServer: at(), nonce })).toMatchObject({ subject: 'ann' })
    const caller = await verifyFor(AGENTS, tokens.accessToken)
    expect(caller).toMatchObject({ kind: 'user', subject: 'ann', clientId: 'stock-agent' })
    expect(subjectTokenOf(caller)?.scopes).toEqual(expect.arrayContaining(['openid', 'trade']))
    await expect(verifyFor('stock-agent', tokens.idToken ?? '')).rejects.toMatchObject({ reason: 'type' })
  })

  test('UserInfo is of the user, and a logout comes back to the app', async () => {
    const { identity, signIn } = await login()
    expect(await signIn.userInfo(identity)).toMatchObject({ sub: 'ann' })
    const page = await signIn.logoutUrl({ identity })
    expect((await browse(new URL(page ?? ''))).href).toBe('https://agent.behalf.example/')
  })

  test('a token that the server makes by itself names its client by its lone audience', async () => {
    const own = at(clientOf('plain-agent'))
    const { tokens } = await login(forAgents, own)
    expect(await verifyFor('plain-agent', tokens.accessToken, own)).toMatchObject({ clientId: 'plain-agent' })
    // Nothing in it says whether the audience is a client or an API, so only the client itself accepts it.
    await expect(verifyFor('plain-agent', tokens.accessToken)).rejects.toMatchObject({ reason: 'type' })
  })

  test('a pushed request: the token is for the API that it names', async () => {
    const { tokens } = await login({ ...forAgents, pushed: true })
    expect(await verifyFor(AGENTS, tokens.accessToken)).toMatchObject({ subject: 'ann' })
  })

  test('introspection names the person, and a revoked token is inactive', async () => {
    const introspect = createIntrospection({ authorizationServer: at(), audience: AGENTS })
    const { tokens } = await login()
    expect(await introspect(tokens.accessToken)).toMatchObject({ kind: 'user', subject: 'ann' })
    await connect(at()).revoke(tokens.accessToken, { hint: 'access_token' })
    await expect(introspect(tokens.accessToken)).rejects.toMatchObject({ reason: 'inactive' })
  })

  test('the server calls each of its tokens active; only the access token passes as one', async () => {
    const own = at(clientOf('plain-agent'))
    const introspect = createIntrospection({ authorizationServer: own, audience: 'plain-agent' })
    const { tokens } = await login(forAgents, own)
    expect(await introspect(tokens.accessToken)).toMatchObject({ kind: 'user', subject: 'ann' })
    await expect(introspect(tokens.refreshToken ?? '')).rejects.toMatchObject({ reason: 'audience' })
    await expect(introspect(tokens.idToken ?? '')).rejects.toMatchObject({ reason: 'type' })
    const confused = { ...tokens, idToken: tokens.accessToken }
    await expect(verifyTokenResponse(confused, { authorizationServer: own })).rejects.toMatchObject({ reason: 'type' })
  })

  test('a session renews with a refresh token that rotates, and its end reaches the server', async () => {
    let aheadMs = 0
    const clock = { now: () => Date.now() + aheadMs }
    const { tokens, nonce } = await login()
    const watched = watchRefreshTokens()
    const sessions = createSessions({
      ...{ authorizationServer: at(), store: memoryStore(), audience: AGENTS },
      ...{ clock, fetch: watched.fetch },
    })
    const { id } = await sessions.create(tokens, { nonce })
    // Access tokens live for 300 seconds.
    aheadMs = 270_000
    expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
    expect(watched.tokens).toEqual([expect.any(String)])
    await sessions.end(id)
    for (const token of [tokens.refreshToken, watched.tokens[0]]) {
      const late = connect(at()).grant('refresh_token', { refresh_token: token })
      await expect(late).rejects.toMatchObject({ error: 'invalid_grant' })
    }
  })

  test('an exchange for the API names user and agent; the second hop nests the first agent', async () => {
    const first = at({ actor: 'stock-agent' })
    const { outcome, passed, token } = await callApi(first, await ann())
    expect(outcome).toMatchObject({ status: 'done', result: 200 })
    expect(passed?.identity).toMatchObject({ subject: 'ann', actor: { subject: 'stock-agent' } })
    expect(passed?.scopes).toEqual(['trade'])
    expect(token).toBeDefined()

    const toAgents = await callApi(first, await ann(), ['trade'], 'https://agents.stocktrade.example/second/')
    const second = at({ ...clientOf('research-agent'), actor: 'research-agent' })
    const received = await verifyFor('https://agents.stocktrade.example/second/', toAgents.token ?? '', second)
    const hop = await callApi(second, received)
    expect(hop.passed?.identity).toMatchObject({
      subject: 'ann',
      actor: { subject: 'research-agent', actor: { subject: 'stock-agent' } },
    })
  })

  test('an exchange is refused: without an actor where one is required, for an unknown scope, without the customizer', async () => {
    const identity = await ann()
    const subjectToken = subjectTokenOf(identity)
    if (subjectToken === undefined) throw new Error('no token')
    const request = { identity, subjectToken, resource: API, scopes: ['trade'] }
    const delegating = connect(at({ actor: 'stock-agent' }))
    await expect(exchangeToken({ ...request, authorizationServer: delegating })).rejects.toThrow('names no actor')
    const unknown = exchangeToken({ ...request, authorizationServer: connect(at()), scopes: ['no-such-scope'] })
    await expect(unknown).rejects.toMatchObject({ error: 'invalid_scope' })

    const own = at(clientOf('plain-agent'))
    const plain = await verifyFor('plain-agent', (await login(forAgents, own)).tokens.accessToken, own)
    const token = subjectTokenOf(plain)
    if (token === undefined) throw new Error('no token')
    const exchange = exchangeToken({
      ...request,
      authorizationServer: connect(own),
      identity: plain,
      subjectToken: token,
    })
    await expect(exchange).rejects.toThrow('audience')
  })

  test('a wider scope is refused by the guard where the user has a token for that API; the server grants it', async () => {
    const own = at({ actor: 'stock-agent' })
    const { tokens } = await login({ scope: 'openid trade', resource: API })
    const user = await verifyFor(API, tokens.accessToken)
    const narrow = await callApi(own, user, ['trade:read'])
    expect(narrow.outcome).toMatchObject({ status: 'denied' })
    expect(narrow.passed).toBeUndefined()
    // Spring takes each scope that the client is registered with. A ceiling, roles or the policy must bound it.
    const wide = await callApi(own, await ann(), ['trade:read'])
    expect(wide.passed?.scopes).toEqual(['trade:read'])
  })

  test('DPoP: login, UserInfo, exchange and refresh are bound to our key, and the API wants its proof', async () => {
    const own = at({ dpop: await generateDpopKey(), actor: 'stock-agent' })
    const { tokens, identity, signIn } = await login(forAgents, own)
    expect(await signIn.userInfo(identity)).toMatchObject({ sub: 'ann' })
    const { outcome, passed } = await callApi(own, identity)
    expect(outcome).toMatchObject({ status: 'done', result: 200 })
    expect(passed).toMatchObject({ scheme: 'DPoP', identity: { subject: 'ann', actor: { subject: 'stock-agent' } } })
    const next = await connect(own).grant('refresh_token', { refresh_token: tokens.refreshToken })
    expect(next.tokenType).toBe('dpop')
  })

  test('private_key_jwt: the issuer is an audience at each endpoint', async () => {
    const key = await publishKey()
    try {
      const server = connect(
        at({ clientId: KEY_AGENT, clientSecret: undefined, privateKey: key.privateKey, keyId: 'one' }),
      )
      expect(await server.grant('client_credentials', { scope: 'trade' })).toMatchObject({ scopes: ['trade'] })
      expect(await server.introspect('no-token')).toMatchObject({ active: false })
      expect(await server.requestDeviceAuthorization({ scope: 'trade' })).toMatchObject({ interval: 5 })
    } finally {
      await key.close()
    }
  })

  test('device login: the access token names the person, since the server issues no id_token to devices', async () => {
    const device = deviceLogin({
      authorizationServer: at(),
      application: 'live',
      folder: await mkdtemp(join(tmpdir(), 'behalf-live-')),
      scopes: ['trade'],
      resource: AGENTS,
      show: async ({ verificationUriComplete }) => void (await browse(new URL(verificationUriComplete ?? ''))),
    })
    expect(await device.login()).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
  })

  test('a client that registered itself signs people in', async () => {
    const { accessToken } = await connect(at(clientOf('registrar'))).grant('client_credentials', {
      scope: 'client.create',
    })
    const response = await fetch(`${SPRING_URL}/connect/register`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ client_name: 'registered', redirect_uris: [CALLBACK], scope: 'openid trade' },
        ...{ grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_basic' },
      }),
    })
    const { client_id: clientId, client_secret: clientSecret } = (await response.json()) as Record<string, string>
    const own = at({ clientId: clientId ?? '', clientSecret })
    const { identity } = await login({ scope: 'openid' }, own)
    expect(identity).toMatchObject({ subject: 'ann' })
  })
})

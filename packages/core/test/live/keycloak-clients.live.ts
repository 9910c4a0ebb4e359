import { exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { audience, KEYCLOAK_URL } from '../../../../scripts/servers/keycloak-realm.ts'
import { createIntrospection, requestAgentIdentity } from '../../src/entrypoints/identity.ts'
import { type DpopKey, generateDpopKey, type KeycloakOptions } from '../../src/entrypoints/providers.ts'
import { createResourceServer } from '../../src/entrypoints/resource-server.ts'
import { createGuard, memoryStore, policy, resource, verifyAccessToken } from '../../src/index.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { AGENT, AGENT_SWITCHES, API, CALLBACK, createAgentRealm, login, profileAt } from './live-agent.ts'

const REALM = 'behalf-live-clients'

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: clients, keys and bound tokens', () => {
  const surroundings = { fetch, clock: { now: Date.now }, timeoutMs: 10_000 }
  const profile = profileAt(REALM)
  const apiProfile = profileAt(REALM, { clientId: API, clientSecret: 'api-secret' })
  let realm: Awaited<ReturnType<typeof createAgentRealm>>
  beforeAll(async () => {
    realm = await createAgentRealm(REALM)
  }, 120_000)

  /** Another client of the realm, for which tokens are exchanged as for the agent. */
  async function another(clientId: string, representation: object, attributes: object, api = audience('api', API)) {
    await realm.client({
      ...{ clientId, secret: `${clientId}-secret`, redirectUris: [CALLBACK], serviceAccountsEnabled: true },
      ...representation,
      attributes: { ...AGENT_SWITCHES, ...attributes },
      protocolMappers: [audience('self', clientId)],
    })
    await realm.scope(`trade-of-${clientId}`, [clientId], [api])
    return {
      clientId,
      profile: (over: Partial<KeycloakOptions> = { clientSecret: `${clientId}-secret` }) =>
        profileAt(REALM, { clientId, ...over }),
      reads: policy(z.strictObject({}), {
        access: { trade: resource(API, { scopes: [`trade-of-${clientId}`] }) },
      }),
    }
  }

  test('private_key_jwt: sign-in by a signed request, exchange, introspection and the agent’s own token', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), use: 'sig', alg: 'ES256', kid: 'one' }
    const keyed = await another(
      'keyed',
      { clientAuthenticatorType: 'client-jwt' },
      {
        'token.endpoint.auth.signing.alg': 'ES256',
        'use.jwks.string': 'true',
        'jwks.string': JSON.stringify({ keys: [jwk] }),
      },
    )
    const authorizationServer = keyed.profile({ privateKey, keyId: 'one' })
    const { tokens } = await login(realm, { profile: authorizationServer, signed: true })
    const identity = await verifyAccessToken(tokens.accessToken, { authorizationServer, audience: keyed.clientId })
    const guard = createGuard({ authorizationServer, agent: { name: 'agent:trader' } })
    const call = { tool: 'read', slot: 'keyed', input: {}, identity }
    expect(await guard.run(keyed.reads, call, (_, { access }) => access.trade.scopes)).toMatchObject({ status: 'done' })
    const introspect = createIntrospection({ authorizationServer, audience: keyed.clientId })
    expect(await introspect(tokens.accessToken)).toMatchObject({ subject: realm.annId })
    const scopes = ['trade-of-keyed']
    expect(await requestAgentIdentity({ authorizationServer, resource: API, scopes })).toMatchObject({
      kind: 'agent',
      clientId: keyed.clientId,
    })
    const { privateKey: other } = await generateKeyPair('ES256')
    const forged = connectAuthorizationServer(keyed.profile({ privateKey: other, keyId: 'one' }), surroundings)
    await expect(forged.introspect(tokens.accessToken)).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE' })
  })

  test('PAR: the request is sent to the server first, and the browser carries a reference', async () => {
    const pushed = await another('pushed', {}, { 'require.pushed.authorization.requests': 'true' })
    const profile = pushed.profile()
    const { identity, url } = await login(realm, { profile, pushed: true })
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    expect(identity).toMatchObject({ subject: realm.annId })
    await expect(login(realm, { profile, pushed: false })).rejects.toThrow()
  })

  test('RAR: the server refuses a type of details that it does not know, which are all of an app', async () => {
    const details = JSON.stringify([{ type: 'stock_order', quantity: 50 }])
    await expect(login(realm, { parameters: { authorization_details: details } })).rejects.toMatchObject({
      reason: 'provider',
      error: 'invalid_request',
    })
  })

  describe('DPoP', () => {
    const address = `${API}orders`
    /** The API, which takes bound tokens only, behind the fetch of a guard. */
    function apiBehind(api: ReturnType<typeof createResourceServer>) {
      const seen: { readonly status: number; readonly scheme: string | undefined }[] = []
      const send: typeof fetch = async (input, init) => {
        const request = new Request(input, init)
        if (!request.url.startsWith(API)) return fetch(input, init)
        const checked = await api.protect(request)
        const scheme = request.headers.get('authorization')?.split(' ')[0]
        seen.push({ status: checked.ok ? 200 : checked.response.status, scheme })
        return checked.ok ? Response.json({ of: checked.claims.sub }) : checked.response
      }
      return { seen, send }
    }

    test('sign-in, UserInfo, exchange and call prove one key, and nothing of them is of use without it', async () => {
      const dpop = await generateDpopKey()
      const bound = await another('bound', {}, { 'dpop.bound.access.tokens': 'true' })
      const authorizationServer = bound.profile({ clientSecret: 'bound-secret', dpop })
      const { tokens, identity: user, signIn } = await login(realm, { profile: authorizationServer })
      expect(await signIn.userInfo(user)).toMatchObject({ sub: realm.annId })
      const trusts = { authorizationServer, audience: bound.clientId }
      const identity = await verifyAccessToken(tokens.accessToken, { ...trusts, boundTo: dpop })
      await expect(verifyAccessToken(tokens.accessToken, trusts)).rejects.toMatchObject({ reason: 'binding' })
      const api = createResourceServer({
        authorizationServer,
        audience: API,
        dpop: { store: memoryStore(), required: true },
      })
      const { seen, send } = apiBehind(api)
      const guard = createGuard({ authorizationServer, agent: { name: 'agent:trader' }, fetch: send })
      const call = { tool: 'read', slot: 'bound', input: {}, identity }
      const outcome = await guard.run(bound.reads, call, async (_, { access }) =>
        (await access.trade.fetch(address)).json(),
      )
      expect(outcome).toMatchObject({ status: 'done', result: { of: realm.annId } })
      expect(seen.at(-1)).toEqual({ status: 200, scheme: 'DPoP' })
      const renewing = connectAuthorizationServer(authorizationServer, surroundings)
      const renewed = await renewing.grant('refresh_token', { refresh_token: tokens.refreshToken })
      expect(renewed.tokenType).toBe('dpop')
    })

    test('the refresh token of a public client is bound too', async () => {
      const dpop = await generateDpopKey()
      const open = await another('open', { publicClient: true }, { 'dpop.bound.access.tokens': 'true' })
      const { tokens } = await login(realm, { profile: open.profile({ dpop }) })
      const refresh = async (key: DpopKey) =>
        connectAuthorizationServer(open.profile({ dpop: key }), surroundings).grant('refresh_token', {
          refresh_token: tokens.refreshToken,
        })
      await expect(refresh(await generateDpopKey())).rejects.toMatchObject({ error: 'invalid_grant' })
      expect(await refresh(dpop)).toMatchObject({ tokenType: 'dpop' })
    })
  })

  describe('introspection', () => {
    test('an API asks about a token that it got, and a revoked one is inactive', async () => {
      const { tokens } = await login(realm, { scope: 'openid trade' })
      const introspect = createIntrospection({ authorizationServer: apiProfile, audience: API })
      expect(await introspect(tokens.accessToken)).toMatchObject({ subject: realm.annId, clientId: AGENT.clientId })
      await connectAuthorizationServer(profile, surroundings).revoke(tokens.accessToken)
      await expect(introspect(tokens.accessToken)).rejects.toMatchObject({ reason: 'inactive' })
    })

    test('a lightweight token says too little by itself; the API that asks about JWTs learns the rest', async () => {
      const light = await another('light', {}, { 'client.use.lightweight.access.token.enabled': 'true' })
      const { clientId } = light
      const { tokens } = await login(realm, { profile: light.profile(), scope: 'openid trade-of-light' })
      const options = { authorizationServer: apiProfile, audience: API }
      const request = () => new Request(`${API}orders`, { headers: { authorization: `Bearer ${tokens.accessToken}` } })
      const alone = await createResourceServer(options).protect(request())
      expect(alone).toMatchObject({ ok: false })
      const introspect = createIntrospection(options)
      const asking = createResourceServer({ ...options, introspect, introspectJwts: true })
      const passed = await asking.protect(request(), { scopes: ['trade-of-light'] })
      expect(passed).toMatchObject({ ok: true, identity: { subject: realm.annId, clientId } })
      await connectAuthorizationServer(light.profile(), surroundings).revoke(tokens.accessToken)
      expect(await asking.protect(request())).toMatchObject({ ok: false, reason: 'inactive' })
    })

    test.each([
      ['without the API in its audience is refused by the server', 'false', 'Requested audience not available'],
      ['is dropped, since it names no subject', 'true', 'does not verify'],
    ])('an exchange for a lightweight token %s, and no login is asked for', async (_, lightweight, detail) => {
      const clientId = `light-${lightweight}`
      const light = await another(
        clientId,
        {},
        { 'client.use.lightweight.access.token.enabled': 'true' },
        audience('api', API, lightweight),
      )
      const authorizationServer = light.profile()
      const { identity } = await login(realm, { profile: authorizationServer })
      const guard = createGuard({ authorizationServer, agent: { name: 'agent:trader' } })
      const call = { tool: 'read', slot: 'light', input: {}, identity }
      const outcome = await guard.run(light.reads, call, (_, { access }) => access.trade.scopes)
      expect(outcome.status).not.toBe('interrupted')
      expect(outcome.trace.steps.at(-1)?.detail).toContain(detail)
    })
  })
})

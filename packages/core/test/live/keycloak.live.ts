import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { audience, KEYCLOAK_URL } from '../../../../scripts/servers/keycloak-realm.ts'
import { revealToken } from '../../src/credential/token.ts'
import { delegations } from '../../src/entrypoints/delegations.ts'
import { requestAgentIdentity, subjectTokenOf, verifyTokenResponse } from '../../src/entrypoints/identity.ts'
import { keycloakRoles, roleMap } from '../../src/entrypoints/roles.ts'
import { exchangeToken } from '../../src/entrypoints/spi.ts'
import {
  createGuard,
  type Identity,
  memoryStore,
  policy,
  resource,
  type UserIdentity,
  verifyAccessToken,
} from '../../src/index.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { AGENT, AGENT_SWITCHES, API, createAgentRealm, login, profileAt } from './live-agent.ts'

const REALM = 'behalf-live'
const QUOTES = 'https://quotes.stocktrade.example/'

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: sign-in, exchange and delegations', () => {
  const profile = profileAt(REALM)
  const trust = { authorizationServer: profile, audience: AGENT.clientId }
  const surroundings = { fetch, clock: { now: Date.now }, timeoutMs: 10_000 }
  const server = connectAuthorizationServer(profile, surroundings)
  /** The API as a client, for the second hop. */
  const api = connectAuthorizationServer(profileAt(REALM, { clientId: API, clientSecret: 'api-secret' }), surroundings)
  let realm: Awaited<ReturnType<typeof createAgentRealm>>
  let setRoles: (method: 'POST' | 'DELETE') => Promise<unknown>
  beforeAll(async () => {
    realm = await createAgentRealm(REALM)
    await realm.client({ clientId: QUOTES, secret: 'quotes-secret', attributes: AGENT_SWITCHES })
    await realm.scope('quotes', [API], [audience('quotes', QUOTES)])
    await realm.admin('POST', '/roles', { name: 'trader' })
    await realm.admin('POST', `/clients/${realm.apiId}/roles`, { name: 'viewer' })
    const [trader, viewer] = await Promise.all([
      realm.admin('GET', '/roles/trader'),
      realm.admin('GET', `/clients/${realm.apiId}/roles/viewer`),
    ])
    setRoles = (method) => realm.admin(method, `/users/${realm.annId}/role-mappings/realm`, [trader])
    await setRoles('POST')
    await realm.admin('POST', `/users/${realm.annId}/role-mappings/clients/${realm.apiId}`, [viewer])
  }, 120_000)

  const signIn = async (scope?: string) => {
    const { tokens } = await login(realm, { ...(scope !== undefined && { scope }) })
    return (await verifyAccessToken(tokens.accessToken, trust)) as UserIdentity
  }
  const asked = (identity: Identity) => {
    const subjectToken = subjectTokenOf(identity)
    if (subjectToken === undefined) throw new Error('no token')
    return { authorizationServer: server, identity, subjectToken, resource: API, scopes: ['trade'] }
  }

  test('login: the tokens verify, and say who it is and when they logged in', async () => {
    const { tokens, nonce } = await login(realm)
    const who = { kind: 'user', subject: realm.annId, issuer: realm.issuer }
    const identity = await verifyAccessToken(tokens.accessToken, trust)
    expect(identity).toMatchObject({ ...who, clientId: AGENT.clientId })
    // A refresh does not change it, so that a revoked login stays revoked.
    expect(Math.abs(Date.now() / 1000 - Number(identity.claims.auth_time))).toBeLessThan(60)
    expect(await verifyTokenResponse(tokens, { authorizationServer: profile, nonce })).toMatchObject(who)
    await expect(verifyTokenResponse(tokens, { authorizationServer: profile, nonce: 'another' })).rejects.toMatchObject(
      { code: 'ERR_INVALID_TOKEN' },
    )
    await expect(verifyAccessToken(String(tokens.idToken), trust)).rejects.toMatchObject({ reason: 'type' })
    await expect(verifyAccessToken(tokens.accessToken, { ...trust, audience: QUOTES })).rejects.toMatchObject({
      reason: 'audience',
    })
  })

  test('exchange, by the standard of version 2: for the API, with what was asked, and without `act`', async () => {
    const exchange = asked(await signIn())
    const issued = await exchangeToken(exchange)
    expect(issued).toMatchObject({ verified: true, scopes: ['trade'] })
    expect(issued.actor).toBeUndefined()
  })

  test('an exchange for more than the client may have, or for an unknown API, is refused', async () => {
    const exchange = asked(await signIn())
    for (const scopes of [['no-such-scope'], ['trade', 'quotes']]) {
      await expect(exchangeToken({ ...exchange, scopes })).rejects.toMatchObject({ error: 'invalid_scope' })
    }
    await expect(exchangeToken({ ...exchange, resource: 'unknown' })).rejects.toMatchObject({
      code: 'ERR_OAUTH_RESPONSE',
    })
  })

  test('the server ignores an actor token, and the token without an actor is dropped', async () => {
    const agent = await requestAgentIdentity({ authorizationServer: profile, resource: API, scopes: ['trade'] })
    expect(agent).toMatchObject({ kind: 'agent', clientId: AGENT.clientId })
    const actor = subjectTokenOf(agent)
    if (actor === undefined) throw new Error('no token')
    const exchange = asked(await signIn())
    const withActor = { ...exchange, actorToken: actor, actor: {} }
    await expect(exchangeToken(withActor)).rejects.toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('names no actor'),
    })
    const named = connectAuthorizationServer(profileAt(REALM, { ...AGENT, actor: 'agent:trader' }), surroundings)
    await expect(exchangeToken({ ...exchange, authorizationServer: named })).rejects.toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('names no actor'),
    })
  })

  test('the API exchanges what it got for the next API, and the user stays the same', async () => {
    const first = await exchangeToken(asked(await signIn()))
    const atApi = await verifyAccessToken(revealToken(first.token), { authorizationServer: api.profile, audience: API })
    expect(atApi).toMatchObject({ kind: 'user', subject: realm.annId, clientId: AGENT.clientId })
    const hop = { ...asked(atApi), authorizationServer: api, resource: QUOTES, scopes: ['quotes'] }
    const second = await exchangeToken(hop)
    const trustOfQuotes = { authorizationServer: api.profile, audience: QUOTES }
    expect(await verifyAccessToken(revealToken(second.token), trustOfQuotes)).toMatchObject({
      subject: realm.annId,
      clientId: API,
    })
    // A client that the token is neither for nor from cannot exchange it.
    const stranger = connectAuthorizationServer(
      profileAt(REALM, { clientId: QUOTES, clientSecret: 'quotes-secret' }),
      surroundings,
    )
    await expect(exchangeToken({ ...hop, authorizationServer: stranger, resource: API })).rejects.toMatchObject({
      code: 'ERR_OAUTH_RESPONSE',
    })
  })

  test('realm and client roles become scopes; one that was taken away is gone at the next token', async () => {
    const roles = roleMap({
      extract: keycloakRoles({ clients: { trade: API } }),
      scopes: { trader: ['trade'], 'trade:viewer': ['look'] },
    })
    const ann = await signIn()
    expect(roles.rolesOf(ann)).toEqual(expect.arrayContaining(['trader', 'trade:viewer']))
    expect([...roles.scopesOf(roles.rolesOf(ann))].sort()).toEqual(['look', 'trade'])
    await setRoles('DELETE')
    expect(roles.rolesOf(await signIn())).not.toContain('trader')
    await setRoles('POST')
  })

  test('a guarded call reaches the API’s token, under a delegation too, and ends with it', async () => {
    const guard = createGuard({
      delegations: delegations(),
      authorizationServer: profile,
      agent: { name: 'agent:trader' },
      store: memoryStore(),
    })
    const reads = policy(z.strictObject({}), { access: { trade: resource(API, { scopes: ['trade'] }) } })
    const ann = await signIn()
    // Ann has a role at the API, so Keycloak names it in her own token's `aud`: then I5 wants the scope there, too.
    const { tokens } = await login(realm, { scope: 'openid offline_access trade' })
    const made = await guard.delegations.create({
      identity: ann,
      tools: ['read'],
      expiresAt: Date.now() / 1000 + 600,
      refreshToken: tokens.refreshToken,
    })
    const identity = await guard.delegations.identity(made.id)
    const call = { tool: 'read', slot: 'live', input: {}, identity }
    expect(await guard.run(reads, call, (_, { access }) => access.trade.scopes)).toMatchObject({ result: ['trade'] })
    await guard.delegations.revoke(made.id, { identity: ann })
    await expect(guard.delegations.identity(made.id)).rejects.toMatchObject({ reason: 'revoked' })
  })
})

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { connectAuthorizationServer } from '../../src/caller/authorization-server/connect-authorization-server.ts'
import { ciba } from '../../src/entrypoints/ciba.ts'
import { delegations } from '../../src/entrypoints/delegations.ts'
import { createSessions, subjectTokenOf } from '../../src/entrypoints/identity.ts'
import { type DevicePrompt, deviceLogin } from '../../src/entrypoints/node.ts'
import { keycloak } from '../../src/entrypoints/providers.ts'
import { keycloakRoles, roleMap } from '../../src/entrypoints/roles.ts'
import { exchangeToken } from '../../src/entrypoints/spi.ts'
import {
  allowInsecureLoopback,
  createGuard,
  memoryStore,
  policy,
  resource,
  type UserIdentity,
  verifyAccessToken,
} from '../../src/index.ts'
import { AGENT, API, browse, CALLBACK, createRealm, KEYCLOAK_URL, openDevice, REALM } from './live-realm.ts'

if (KEYCLOAK_URL === undefined) console.log('not run: KEYCLOAK_URL does not say where a Keycloak answers')

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak', () => {
  const profile = keycloak({
    url: KEYCLOAK_URL ?? 'http://127.0.0.1',
    realm: REALM,
    ...AGENT,
    loginHint: () => 'ann',
    [allowInsecureLoopback]: true,
  })
  const trust = { authorizationServer: profile, audience: AGENT.clientId }
  const server = connectAuthorizationServer(profile, { fetch, clock: { now: Date.now }, timeoutMs: 10_000 })
  let realm: Awaited<ReturnType<typeof createRealm>>
  let device: Awaited<ReturnType<typeof openDevice>>
  beforeAll(async () => {
    realm = await createRealm()
    device = await openDevice()
  }, 60_000)
  afterAll(() => device?.close())

  async function login(scope = 'openid') {
    const configuration = await client.discovery(
      new URL(profile.issuer),
      AGENT.clientId,
      {},
      client.ClientSecretPost(AGENT.clientSecret),
      { execute: [client.allowInsecureRequests] },
    )
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: CALLBACK,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const checks = { pkceCodeVerifier, expectedState, expectedNonce }
    const tokens = await client.authorizationCodeGrant(configuration, await browse(url), checks)
    return { tokens, nonce: expectedNonce }
  }
  const signIn = async () => (await verifyAccessToken((await login()).tokens.access_token, trust)) as UserIdentity

  test('login: the tokens verify, and say who it is', async () => {
    const identity = await signIn()
    expect(identity).toMatchObject({ kind: 'user', subject: realm.annId, clientId: AGENT.clientId })
  })

  test('exchange, by the standard of version 2: for the API, with what was asked, and without `act`', async () => {
    const identity = await signIn()
    const subjectToken = subjectTokenOf(identity)
    if (subjectToken === undefined) throw new Error('no token')
    const exchange = { authorizationServer: server, identity, subjectToken, resource: API }
    const issued = await exchangeToken({ ...exchange, scopes: ['trade'] })
    expect(issued).toMatchObject({ verified: true, scopes: ['trade'] })
    expect(issued.actor).toBeUndefined()
    await expect(exchangeToken({ ...exchange, scopes: ['no-such-scope'] })).rejects.toMatchObject({
      error: 'invalid_scope',
    })
    await expect(exchangeToken({ ...exchange, resource: 'unknown', scopes: ['trade'] })).rejects.toMatchObject({
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
    await realm.setRoles([])
    expect(roles.rolesOf(await signIn())).not.toContain('trader')
    await realm.setRoles(['trader'])
  })

  test('CIBA: a yes and a no on a device, through the guard', async () => {
    const guard = createGuard({
      delegations: delegations(),
      authorizationServer: profile,
      agent: { name: 'agent:trader' },
      approvals: ciba(),
    })
    const buys = policy(z.strictObject({ quantity: z.int() }), {
      approval: { message: ({ input }) => `Buy-${input.quantity}-AAPL` },
    })
    const identity = await signIn()
    for (const [quantity, status, end] of [
      [50, 'SUCCEED', 'done'],
      [60, 'UNAUTHORIZED', 'denied'],
    ] as const) {
      const call = { tool: 'buy', slot: `live-${quantity}`, input: { quantity }, identity }
      expect(await guard.run(buys, call, () => 'bought')).toMatchObject({ status: 'interrupted' })
      const asked = device.asked.at(-1)
      expect(asked).toMatchObject({ loginHint: 'ann', bindingMessage: `Buy-${quantity}-AAPL` })
      expect(await asked?.answer(status)).toBeLessThan(300)
      let outcome = await guard.run(buys, call, () => 'bought')
      for (let looks = 0; looks < 8 && outcome.status === 'interrupted'; looks++) {
        await wait(1000)
        outcome = await guard.run(buys, call, () => 'bought')
      }
      expect(outcome.status).toBe(end)
    }
  })

  test('a guarded call reaches the API’s token, under a delegation too, and ends with it', async () => {
    const store = memoryStore()
    const guard = createGuard({
      delegations: delegations(),
      authorizationServer: profile,
      agent: { name: 'agent:trader' },
      store,
    })
    const reads = policy(z.strictObject({}), { access: { trade: resource(API, { scopes: ['trade'] }) } })
    const ann = await signIn()
    // Ann has a role at the API, so Keycloak names it in her own token's `aud`: then I5 wants the scope there, too.
    const { tokens } = await login('openid offline_access trade')
    const made = await guard.delegations.create({
      identity: ann,
      tools: ['read'],
      expiresAt: Date.now() / 1000 + 600,
      refreshToken: tokens.refresh_token,
    })
    const identity = await guard.delegations.identity(made.id)
    const call = { tool: 'read', slot: 'live', input: {}, identity }
    expect(await guard.run(reads, call, (_, { access }) => access.trade.scopes)).toMatchObject({ result: ['trade'] })
    await guard.delegations.revoke(made.id, { identity: ann })
    await expect(guard.delegations.identity(made.id)).rejects.toMatchObject({ reason: 'revoked' })
  })

  test('a session renews, and its logout reaches the server', async () => {
    const sessions = createSessions({ ...trust, store: memoryStore() })
    const { tokens, nonce } = await login('openid offline_access')
    const { id } = await sessions.create(tokens, { nonce })
    expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
    await sessions.end(id)
    const late = server.grant('refresh_token', { refresh_token: tokens.refresh_token })
    await expect(late).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a device is given a code, and waits at the pace it was told', async () => {
    const shown: DevicePrompt[] = []
    const controller = new AbortController()
    const waiting = deviceLogin({
      authorizationServer: profile,
      application: 'live',
      folder: await mkdtemp(join(tmpdir(), 'behalf-live-')),
      show: (prompt) => void shown.push(prompt),
    }).login({ signal: controller.signal })
    const ended = waiting.catch((error: Error) => error)
    await wait(7_000)
    expect(shown[0]).toMatchObject({ verificationUri: expect.stringContaining('/device') })
    controller.abort()
    expect(await ended).toMatchObject({ name: 'AbortError' })
  })
})

import { decodeJwt, SignJWT } from 'jose'
import * as client from 'openid-client'
import { describe, expect, test } from 'vitest'
import { createMockAuthorizationServer } from '../../src/index.ts'
import { basic, call, post, url } from '../raw.ts'
import { discover } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'

const world = sharedTarget()
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const own = () => ({ grant_type: 'client_credentials', scope: 'chat', audience: world.target.agentResource })

describe('by secret', () => {
  const secret = () => (world.target.clients.agent.authentication as { clientSecret: string }).clientSecret

  test('openid-client gets in with Basic and with the form', async () => {
    const { target } = world
    for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
      const config = await discover(target.authorizationServer.issuer, {
        clientId: 'stock-agent',
        authentication: { method, clientSecret: secret() },
      })
      const tokens = await client.clientCredentialsGrant(config, { audience: target.agentResource, scope: 'chat' })
      expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'stock-agent', client_id: 'stock-agent' })
    }
  })

  test('both halves of Basic are form-encoded (RFC 6749 §2.3.1)', async () => {
    const clientSecret = 'a:b+c d%ä/='
    const server = createMockAuthorizationServer({
      issuer: 'https://encoded.example',
      clients: [{ clientId: 'client id:+', clientSecret }],
      users: [],
    })
    const ask = (headers: Record<string, string>) =>
      call(server, '/oauth/token', { grant_type: 'client_credentials' }, headers)
    expect((await ask(basic('client id:+', clientSecret))).status).toBe(200)
    const plain = { authorization: `Basic ${Buffer.from(`client id:+:${clientSecret}`).toString('base64')}` }
    expect((await ask(plain)).status).toBe(401)
  })

  test.each([
    ['a wrong secret', () => basic('stock-agent', 'wrong')],
    ['an unknown client', () => basic('unknown', 'wrong')],
    ["another client's secret", () => basic('other-app', secret())],
    ['no colon', () => ({ authorization: `Basic ${btoa('stock-agent')}` })],
    ['no base64', () => ({ authorization: 'Basic ###' })],
    ['another scheme', () => ({ authorization: 'Bearer token' })],
  ])('%s is 401 with a challenge (RFC 6749 §5.2)', async (_name, headers) => {
    const { status, body, headers: answered } = await post(url.token(world.target), own(), headers())
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    expect(answered.get('www-authenticate')).toMatch(/^Basic /)
    expect(answered.get('cache-control')).toBe('no-store')
  })

  test('one method in a request, not two (RFC 6749 §2.3)', async () => {
    const both = { ...own(), client_id: 'stock-agent', client_secret: secret() }
    const { body } = await post(url.token(world.target), both, basic('stock-agent', secret()))
    expect(body.error).toBe('invalid_request')
  })

  test('client_id in the form must be the client that authenticated', async () => {
    const { body } = await post(
      url.token(world.target),
      { ...own(), client_id: 'other-app' },
      basic('stock-agent', secret()),
    )
    expect(body.error).toBe('invalid_client')
  })

  test('a client with credentials is not let in without', async () => {
    const { status, body } = await post(url.token(world.target), { ...own(), client_id: 'stock-agent' })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })
})

describe('by key', () => {
  const key = () => world.target.clients.agentWithKey.authentication as { privateKey: CryptoKey; keyId: string }

  async function assertion(changes: Record<string, unknown> = {}, privateKey = key().privateKey): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: 'stock-agent-key',
      sub: 'stock-agent-key',
      aud: world.target.authorizationServer.issuer,
      exp: now + 60,
      iat: now,
      jti: crypto.randomUUID(),
      ...changes,
    }
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: key().keyId }).sign(privateKey)
  }

  const ask = async (client_assertion: string, more = {}) =>
    post(url.token(world.target), { ...own(), client_assertion_type: ASSERTION_TYPE, client_assertion, ...more })

  test('openid-client gets in with private_key_jwt', async () => {
    const { target } = world
    const config = await discover(target.authorizationServer.issuer, target.clients.agentWithKey)
    const tokens = await client.clientCredentialsGrant(config, { audience: target.agentResource, scope: 'chat' })
    expect(decodeJwt(tokens.access_token).client_id).toBe('stock-agent-key')
  })

  test('the audience may be the issuer or the token endpoint', async () => {
    expect((await ask(await assertion())).status).toBe(200)
    expect((await ask(await assertion({ aud: url.token(world.target) }))).status).toBe(200)
    expect((await ask(await assertion({ aud: [world.target.authorizationServer.issuer] }))).status).toBe(200)
  })

  test.each([
    ['another audience', { aud: 'https://login.stocktrade.example/' }],
    ['another issuer', { iss: 'stock-agent' }],
    ['another subject', { sub: 'other-app' }],
    ['no end', { exp: undefined }],
    ['an end in the past', { exp: 1_700_000_000 }],
    ['no jti', { jti: undefined }],
    ['a beginning in the future', { nbf: 4_000_000_000 }],
  ])('%s is refused (RFC 7523 §3)', async (_name, changes) => {
    const { status, body } = await ask(await assertion(changes))
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })

  test('a foreign signature is refused', async () => {
    const { privateKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    expect((await ask(await assertion({}, privateKey))).body.error).toBe('invalid_client')
  })

  test('an assertion is taken once (RFC 7523 §3 item 7)', async () => {
    const once = await assertion()
    expect((await ask(once)).status).toBe(200)
    expect((await ask(once)).body).toMatchObject({
      error: 'invalid_client',
      error_description: expect.stringMatching(/jti/),
    })
  })

  test('the type must be named, and client_id must fit', async () => {
    expect((await ask(await assertion(), { client_assertion_type: 'other' })).body.error).toBe('invalid_client')
    expect((await ask(await assertion(), { client_id: 'stock-agent' })).body.error).toBe('invalid_client')
    expect((await ask('no.jwt.here')).body.error).toBe('invalid_client')
  })
})

describe('the token endpoint', () => {
  const header = () => basic('other-app', 'other-app-secret')

  test('refuses grants that it does not know, and grants not meant for the client', async () => {
    expect((await post(url.token(world.target), {}, header())).body.error).toBe('invalid_request')
    for (const grant_type of ['password', 'toString', '__proto__']) {
      expect((await post(url.token(world.target), { grant_type }, header())).body.error).toBe('unsupported_grant_type')
    }
    const server = createMockAuthorizationServer({
      issuer: 'https://narrow.example',
      clients: [{ clientId: 'narrow', clientSecret: 's', grantTypes: ['authorization_code'] }],
      users: [{ subject: 'ann' }],
    })
    const narrow = basic('narrow', 's')
    const { body } = await call(server, '/oauth/token', { grant_type: 'client_credentials' }, narrow)
    expect(body.error).toBe('unauthorized_client')
    const asked = await call(server, '/bc-authorize', { scope: 'openid', login_hint: 'ann' }, narrow)
    expect(asked.body.error).toBe('unauthorized_client')
  })

  test('refuses scopes that the client may not have', async () => {
    const server = createMockAuthorizationServer({
      issuer: 'https://narrow.example',
      clients: [{ clientId: 'narrow', clientSecret: 's', scopes: ['read'] }],
      users: [],
      resources: [{ identifier: 'https://api.example/', scopes: ['read', 'write'] }],
    })
    const ask = (scope: string) =>
      call(server, '/oauth/token', { grant_type: 'client_credentials', scope }, basic('narrow', 's'))
    expect((await ask('read')).body.scope).toBe('read')
    expect((await ask('read write')).body.error).toBe('invalid_scope')
  })

  test('refuses a repeated parameter (RFC 6749 §3.2)', async () => {
    const { body } = await post(url.token(world.target), { ...own(), scope: ['chat', 'chat'] }, header())
    expect(body).toMatchObject({ error: 'invalid_request', error_description: 'scope is repeated' })
  })

  test('client credentials carry no user', async () => {
    const { body } = await post(url.token(world.target), own(), header())
    expect(decodeJwt(body.access_token)).toMatchObject({ sub: 'other-app', scope: 'chat' })
    expect(body).not.toHaveProperty('refresh_token')
  })
})

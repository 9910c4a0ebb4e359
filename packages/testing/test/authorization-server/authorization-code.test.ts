import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { describe, expect, test, vi } from 'vitest'
import { createMockAuthorizationServer } from '../../src/index.ts'
import { call, post, read, tokenRequest, url } from '../raw.ts'
import { discover, follow, login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'

const world = sharedTarget()

/** An authorization request, good in all that is not given. */
async function authorize(parameters: Readonly<Record<string, string | undefined>> = {}): Promise<Response> {
  const { target } = world
  const all = {
    response_type: 'code',
    client_id: target.clients.agent.clientId,
    redirect_uri: target.clients.agent.redirectUri,
    scope: 'openid chat',
    audience: target.agentResource,
    state: 'state-1',
    code_challenge: await client.calculatePKCECodeChallenge('v'.repeat(43)),
    code_challenge_method: 'S256',
    ...parameters,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return fetch(`${url.authorize(target)}?${new URLSearchParams(given)}`, { redirect: 'manual' })
}

async function answerTo(parameters: Readonly<Record<string, string | undefined>>): Promise<Record<string, string>> {
  const response = await authorize(parameters)
  expect(response.status).toBe(302)
  return Object.fromEntries(new URL(response.headers.get('location') as string).searchParams)
}

async function codeFor(subject: string, parameters = {}): Promise<string> {
  await world.target.authorizationServer.controls.signInAs(subject)
  const { code } = await answerTo(parameters)
  return code as string
}

function redeem(
  code: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  by = world.target.clients.agent,
) {
  return tokenRequest(
    world.target,
    {
      grant_type: 'authorization_code',
      code,
      redirect_uri: world.target.clients.agent.redirectUri,
      code_verifier: 'v'.repeat(43),
      ...changes,
    },
    by,
  )
}

describe('discovery', () => {
  test.each(['oidc', 'oauth2'] as const)('a real client finds the server by %s', async (algorithm) => {
    const { target } = world
    const config = await discover(target.authorizationServer.issuer, target.clients.agent, algorithm)
    expect(config.serverMetadata()).toMatchObject({
      issuer: target.authorizationServer.issuer,
      authorization_response_iss_parameter_supported: true,
      backchannel_token_delivery_modes_supported: ['poll', 'ping'],
      code_challenge_methods_supported: ['S256'],
    })
  })

  test('every URL in the metadata is answered, and nothing else is', async () => {
    const { issuer } = world.target.authorizationServer
    const metadata = await (await fetch(`${issuer}.well-known/openid-configuration`)).json()
    for (const [name, value] of Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name))) {
      const method = /jwks|^authorization/.test(name) ? 'GET' : 'POST'
      expect((await fetch(value as string, { method, redirect: 'manual' })).status, name).toBeLessThan(405)
    }
    expect((await fetch(`${issuer}nowhere`)).status).toBe(404)
    expect((await fetch(metadata.token_endpoint)).status).toBe(405)
  })
})

describe('a login', () => {
  test('ends with tokens that verify, of the forms that RFC 9068 and OpenID Connect name', async () => {
    const { target } = world
    const { tokens } = await login(target, { subject: 'ann', scope: 'openid profile email chat offline_access' })
    const keys = createLocalJWKSet({ keys: [await target.authorizationServer.publicKey()] })
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
      issuer: target.authorizationServer.issuer,
      audience: target.agentResource,
    })
    expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'RS256' })
    expect(payload).toMatchObject({
      sub: 'ann',
      client_id: 'stock-agent',
      scope: 'openid profile email chat offline_access',
      roles: ['trader'],
    })
    expect(payload.jti).toEqual(expect.any(String))
    expect((payload.exp as number) - (payload.iat as number)).toBe(tokens.expires_in)
    // openid-client has verified signature, nonce, at_hash and aud of the id_token.
    expect(tokens.claims()).toMatchObject({ sub: 'ann', name: 'Ann Archer', email: 'ann@behalf.example' })
    expect(tokens.claims()).toMatchObject({ sid: expect.any(String), auth_time: expect.any(Number), acr: payload.acr })
    expect(tokens.refresh_token).toEqual(expect.any(String))
  })

  test('gives no refresh token and no id_token where they were not asked for', async () => {
    const code = await codeFor('ann', { scope: 'chat' })
    const { body, headers } = await redeem(code)
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('can be signed with ES256', async () => {
    const redirectUri = 'https://app.example/callback'
    const server = createMockAuthorizationServer({
      issuer: 'https://curve.example/tenant-1',
      clients: [{ clientId: 'app', redirectUris: [redirectUri] }],
      users: [{ subject: 'ann' }],
      algorithm: 'ES256',
    })
    await server.controls.signInAs('ann')
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge('v'.repeat(43)),
      code_challenge_method: 'S256',
    })
    const redirect = await call(server, `/tenant-1/authorize?${query}`)
    const code = new URL(redirect.headers.get('location') as string).searchParams.get('code') as string
    const { body } = await call(server, '/tenant-1/oauth/token', {
      client_id: 'app',
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: 'v'.repeat(43),
    })
    expect(decodeProtectedHeader(body.id_token)).toMatchObject({ alg: 'ES256', typ: 'JWT' })
    const keys = createLocalJWKSet((await call(server, '/tenant-1/.well-known/jwks.json')).body)
    // Without an API the token is for the server itself.
    await jwtVerify(body.access_token, keys, { issuer: server.issuer, audience: server.issuer, typ: 'at+jwt' })
  })

  test('is found where the issuer has a path: appended (OpenID Connect) and inserted (RFC 8414 §3)', async () => {
    const server = createMockAuthorizationServer({ issuer: 'https://curve.example/tenant-1', clients: [], users: [] })
    for (const path of [
      '/tenant-1/.well-known/openid-configuration',
      '/.well-known/openid-configuration/tenant-1',
      '/.well-known/oauth-authorization-server/tenant-1',
    ]) {
      expect((await call(server, path)).body.issuer, path).toBe(server.issuer)
    }
    expect(await server.handle(new Request('https://curve.example/.well-known/openid-configuration'))).toBeUndefined()
  })
})

describe('the authorization endpoint', () => {
  test('names the issuer in every answer and gives the state back (RFC 9207 §2)', async () => {
    const { issuer } = world.target.authorizationServer
    expect(await answerTo({})).toMatchObject({ error: 'login_required', iss: issuer, state: 'state-1' })
    await world.target.authorizationServer.controls.signInAs('ann')
    expect(await answerTo({})).toEqual({ code: expect.any(String), iss: issuer, state: 'state-1' })
  })

  test.each([
    ['no PKCE', { code_challenge: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method', { code_challenge_method: undefined }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['an unknown API', { audience: 'https://unknown.example/' }, 'invalid_target'],
    ['an unknown scope', { scope: 'openid admin' }, 'invalid_scope'],
    ['details that no API knows', { authorization_details: '[{"type":"payment"}]' }, 'invalid_authorization_details'],
  ])('refuses %s, by redirect', async (_name, parameters, error) => {
    await world.target.authorizationServer.controls.signInAs('ann')
    expect(await answerTo(parameters)).toMatchObject({ error })
  })

  test.each([
    ['an unknown client', { client_id: 'unknown' }],
    ['an unregistered redirect URI', { redirect_uri: 'https://evil.example/callback' }],
    ['a redirect URI that only begins well', { redirect_uri: 'https://agent.behalf.example/callback/../x' }],
  ])('does not redirect for %s', async (_name, parameters) => {
    await world.target.authorizationServer.controls.signInAs('ann')
    const { status, body, headers } = await read(await authorize(parameters))
    expect([status, body.error, headers.get('location')]).toEqual([400, 'invalid_request', null])
  })

  test('a real client refuses an answer of another state', async () => {
    const { target } = world
    await target.authorizationServer.controls.signInAs('ann')
    const config = await discover(target.authorizationServer.issuer, target.clients.agent)
    const callback = await follow(
      client.buildAuthorizationUrl(config, {
        redirect_uri: target.clients.agent.redirectUri as string,
        scope: 'openid',
        state: 'mine',
        code_challenge: await client.calculatePKCECodeChallenge('v'.repeat(43)),
        code_challenge_method: 'S256',
      }),
    )
    await expect(
      client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: 'v'.repeat(43), expectedState: 'other' }),
    ).rejects.toThrow()
  })

  test('logs in again for prompt=login, a passed max_age and a stronger acr_values, and not for prompt=none', async () => {
    const { controls } = world.target.authorizationServer
    const old = Math.floor(Date.now() / 1000) - 600
    const authTimeFor = async (parameters: Record<string, string>) => {
      await controls.signInAs('ann', { authTime: old, acr: 'low' })
      const { code } = await answerTo(parameters)
      return decodeJwt((await redeem(code as string)).body.id_token)
    }
    expect(await authTimeFor({})).toMatchObject({ auth_time: old, acr: 'low' })
    expect(await authTimeFor({ max_age: '700', acr_values: 'high low' })).toMatchObject({ auth_time: old, acr: 'low' })
    for (const parameters of [{ prompt: 'login' }, { max_age: '300' }, { acr_values: 'high' }]) {
      expect((await authTimeFor(parameters)).auth_time).toBeGreaterThan(old)
    }
    expect(await authTimeFor({ acr_values: 'high' })).toMatchObject({ acr: 'high' })
    await controls.signInAs('ann', { authTime: old })
    expect(await answerTo({ prompt: 'none', max_age: '300' })).toMatchObject({ error: 'login_required' })
  })
})

describe('the code', () => {
  test('is redeemed by the client that got it, with its own verifier and redirect URI', async () => {
    const code = await codeFor('ann')
    const wrong = [
      await redeem(code, {}, world.target.clients.other),
      await redeem(code, { code_verifier: 'w'.repeat(43) }),
      await redeem(code, { code_verifier: 'short' }),
      await redeem(code, { redirect_uri: 'https://agent.behalf.example/other' }),
      await redeem('unknown'),
    ]
    expect(wrong.map(({ status, body }) => [status, body.error])).toEqual(Array(5).fill([400, 'invalid_grant']))
    expect(await redeem(code, { code_verifier: undefined })).toMatchObject({ body: { error: 'invalid_request' } })
    expect((await redeem(code)).status).toBe(200)
  })

  test('works for a minute', async () => {
    const code = await codeFor('ann')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    try {
      expect((await redeem(code)).body.error).toBe('invalid_grant')
    } finally {
      vi.useRealTimers()
    }
    expect((await redeem(code)).status).toBe(200)
  })

  test('works once, and a replay ends the tokens of the first time', async () => {
    const code = await codeFor('ann', { scope: 'openid chat offline_access' })
    const first = await redeem(code)
    expect((await redeem(code)).body.error).toBe('invalid_grant')
    const after = await tokenRequest(world.target, {
      grant_type: 'refresh_token',
      refresh_token: first.body.refresh_token,
    })
    expect(after.body.error).toBe('invalid_grant')
  })

  test('of a public client needs no secret', async () => {
    const { target } = world
    const { tokens } = await login(target, { subject: 'bob', client: target.clients.public, scope: 'openid chat' })
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'bob', client_id: 'stock-cli' })
    const { body } = await post(url.token(target), { grant_type: 'client_credentials', client_id: 'stock-cli' })
    expect(body.error).toBe('unauthorized_client')
  })
})

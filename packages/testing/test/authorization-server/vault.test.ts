import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import * as client from 'openid-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMockAuthorizationServer, TestingError } from '../../src/index.ts'
import { basic, call, GRANT, TYPE, tokenRequest } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'

const world = sharedTarget()
let session: Awaited<ReturnType<typeof login>>
beforeEach(async () => {
  session = await login(world.target, { subject: 'ann' })
})

const ask = (changes: Record<string, string | undefined> = {}, by = world.target.clients.agent) =>
  tokenRequest(
    world.target,
    {
      grant_type: GRANT.vault,
      subject_token: session.tokens.access_token,
      subject_token_type: TYPE.accessToken,
      requested_token_type: TYPE.federated,
      connection: world.target.connection,
      ...changes,
    },
    by,
  )

test('openid-client gets a token that the upstream signed, for the upstream account', async () => {
  const { target } = world
  const tokens = await client.genericGrantRequest(session.config, GRANT.vault, {
    subject_token: session.tokens.access_token,
    subject_token_type: TYPE.accessToken,
    requested_token_type: TYPE.federated,
    connection: target.connection,
  })
  expect(tokens.issued_token_type).toBe(TYPE.federated)
  const keys = createLocalJWKSet({ keys: [await target.upstream.publicKey()] })
  const { payload } = await jwtVerify(tokens.access_token, keys, {
    issuer: target.upstream.issuer,
    audience: target.api.resource,
    typ: 'at+jwt',
  })
  expect(payload).toMatchObject({ sub: target.users.ann.upstreamSubject, scope: 'portfolio:read' })
  expect(payload.sub).not.toBe(target.users.ann.subject)
  expect(tokens.expires_in).toBe(300)
})

test('each user gets the token of their own account', async () => {
  session = await login(world.target, { subject: 'bob' })
  const { body } = await ask()
  expect(decodeJwt(body.access_token).sub).toBe(world.target.users.bob.upstreamSubject)
})

test('an account that is not linked, or no longer, is not found', async () => {
  await world.target.authorizationServer.controls.disconnect('ann', 'stocktrade')
  const { status, body } = await ask()
  expect([status, body.error]).toEqual([401, 'federated_connection_refresh_token_not_found'])
  await world.target.authorizationServer.controls.connect('ann', 'stocktrade', { upstreamSubject: 'st-1001' })
  expect((await ask()).body.scope).toBe('portfolio:read trade:write trade:small')
})

test('an account whose refresh token the upstream revoked has to be linked again', async () => {
  await world.target.upstream.controls.revokeRefreshTokens('st-1001')
  const { status, body } = await ask()
  expect([status, body.error]).toEqual([401, 'federated_connection_refresh_token_flow_failed'])
})

test('a hint chooses among several accounts of a connection', async () => {
  const { controls } = world.target.authorizationServer
  const accountId = await controls.connect('ann', 'stocktrade', { upstreamSubject: 'st-2002' })
  const subjectFor = async (login_hint?: string) => decodeJwt((await ask({ login_hint })).body.access_token).sub
  expect(await subjectFor()).toBe('st-1001')
  expect(await subjectFor('st-2002')).toBe('st-2002')
  expect(await subjectFor(accountId)).toBe('st-2002')
  expect((await ask({ login_hint: 'st-9999' })).body.error).toBe('federated_connection_refresh_token_not_found')
})

test.each([
  ['an unknown connection', { connection: 'github' }, 400, 'invalid_request'],
  ['no connection', { connection: undefined }, 400, 'invalid_request'],
  ['another requested type', { requested_token_type: TYPE.accessToken }, 400, 'invalid_request'],
  ['no requested type', { requested_token_type: undefined }, 400, 'invalid_request'],
  ['another subject token type', { subject_token_type: TYPE.idToken }, 400, 'invalid_request'],
  ['an invalid subject token', { subject_token: 'no.jwt.here' }, 403, 'invalid_grant'],
  ['refresh tokens that rotate', { subject_token_type: TYPE.refreshToken }, 400, 'unauthorized_client'],
])('refuses %s', async (_name, changes, status, error) => {
  const answer = await ask(changes)
  expect([answer.status, answer.body.error]).toEqual([status, error])
})

test('a client that is not the API of the token gets nothing', async () => {
  expect((await ask({}, world.target.clients.other)).body.error).toBe('unauthorized_client')
})

test('a token for another API proves nothing here, for any holder', async () => {
  const forApi = await tokenRequest(world.target, {
    grant_type: GRANT.exchange,
    subject_token: session.tokens.access_token,
    subject_token_type: TYPE.accessToken,
    audience: world.target.api.resource,
    scope: 'portfolio:read',
  })
  expect((await ask({ subject_token: forApi.body.access_token })).body.error).toBe('invalid_request')
})

test('a refresh token that does not rotate proves the user, and stays usable', async () => {
  const server = createMockAuthorizationServer({
    issuer: 'https://steady.example',
    clients: [
      { clientId: 'steady', clientSecret: 's', rotatesRefreshTokens: false, redirectUris: ['https://app.example/cb'] },
      { clientId: 'thief', clientSecret: 't', rotatesRefreshTokens: false },
    ],
    users: [{ subject: 'ann' }],
    connections: [
      {
        name: 'up',
        server: createMockAuthorizationServer({
          issuer: 'https://up.example',
          clients: [{ clientId: 'vault', clientSecret: 'v' }],
          users: [{ subject: 'up-ann' }],
          resources: [{ identifier: 'https://up-api.example/', scopes: ['read'] }],
        }),
        clientId: 'vault',
        resource: 'https://up-api.example/',
      },
    ],
  })
  await server.controls.connect('ann', 'up', { upstreamSubject: 'up-ann' })
  await server.controls.signInAs('ann')
  const challenge = await client.calculatePKCECodeChallenge('v'.repeat(43))
  const { headers } = await call(
    server,
    `/authorize?response_type=code&client_id=steady&redirect_uri=https://app.example/cb&scope=openid+offline_access&code_challenge=${challenge}&code_challenge_method=S256`,
  )
  const code = new URL(headers.get('location') as string).searchParams.get('code') as string
  const token = (parameters: Record<string, string>, by: [string, string] = ['steady', 's']) =>
    call(server, '/oauth/token', parameters, basic(...by))
  const { body } = await token({
    grant_type: 'authorization_code',
    code,
    redirect_uri: 'https://app.example/cb',
    code_verifier: 'v'.repeat(43),
  })
  const vault = {
    grant_type: GRANT.vault,
    subject_token: body.refresh_token,
    subject_token_type: TYPE.refreshToken,
    requested_token_type: TYPE.federated,
    connection: 'up',
  }
  expect(decodeJwt((await token(vault)).body.access_token).sub).toBe('up-ann')
  expect(decodeJwt((await token(vault)).body.access_token).sub).toBe('up-ann')
  expect((await token(vault, ['thief', 't'])).body.error).toBe('invalid_grant')
  const refreshed = await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token })
  expect(refreshed.status).toBe(200)
  expect(refreshed.body).not.toHaveProperty('refresh_token')
  await server.controls.revokeRefreshTokens('ann')
  expect((await token(vault)).body.error).toBe('invalid_grant')
})

test("a link to what does not exist is the test's mistake", async () => {
  const { controls } = world.target.authorizationServer
  const upstreamSubject = 'st-1001'
  await expect(controls.connect('unknown', 'stocktrade', { upstreamSubject })).rejects.toThrow(TestingError)
  await expect(controls.connect('ann', 'github', { upstreamSubject })).rejects.toThrow(/there are stocktrade/)
  await expect(controls.connect('ann', 'stocktrade', { upstreamSubject: 'unknown' })).rejects.toThrow(TestingError)
})

describe('a privileged worker', () => {
  const WORKER_TOKEN = 'http://auth0.com/oauth/token-type/token-vault-access-token'

  async function worker(changes: { readonly privilegedWorker?: boolean } = {}) {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const up = createMockAuthorizationServer({
      issuer: 'https://up.example',
      clients: [{ clientId: 'vault', clientSecret: 'v' }],
      users: [{ subject: 'up-ann' }],
      resources: [{ identifier: 'https://up-api.example/', scopes: ['read'] }],
    })
    const server = createMockAuthorizationServer({
      issuer: 'https://steady.example',
      clients: [
        {
          clientId: 'nightly',
          clientSecret: 's',
          publicKeys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }],
          privilegedWorker: true,
          ...changes,
        },
      ],
      users: [{ subject: 'ann' }, { subject: 'bob' }],
      connections: [{ name: 'up', server: up, clientId: 'vault', resource: 'https://up-api.example/' }],
    })
    await server.controls.connect('ann', 'up', { upstreamSubject: 'up-ann' })
    const now = Math.floor(Date.now() / 1000)
    const sign = (claims: object = {}, { typ = 'token-vault-req+jwt', key = privateKey } = {}) =>
      new SignJWT({
        iss: 'nightly',
        sub: 'ann',
        aud: server.issuer,
        iat: now,
        jti: crypto.randomUUID(),
        audit_context: 'delegation:d-1',
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ })
        .sign(key)
    const hand = (subject_token: string, change: Record<string, string> = {}) =>
      call(
        server,
        '/oauth/token',
        {
          grant_type: GRANT.vault,
          subject_token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          requested_token_type: WORKER_TOKEN,
          connection: 'up',
          ...change,
        },
        basic('nightly', 's'),
      )
    return { sign, hand, now }
  }

  test('gets a user’s token by a request that it signed, once', async () => {
    const { sign, hand } = await worker()
    const signed = await sign()
    const { status, body } = await hand(signed)
    expect([status, body.issued_token_type]).toEqual([200, WORKER_TOKEN])
    expect(decodeJwt(body.access_token).sub).toBe('up-ann')
    expect((await hand(signed)).body.error).toBe('invalid_grant')
    expect((await hand(await sign({ sub: 'bob' }))).body.error).toBe('federated_connection_refresh_token_not_found')
  })

  test('is refused what is not its own, not fresh, or says nothing', async () => {
    const { sign, hand, now } = await worker()
    const other = (await generateKeyPair('ES256')).privateKey
    const bad = [
      await sign({ iss: 'other' }),
      await sign({ aud: 'https://elsewhere.example' }),
      await sign({ iat: now - 61 }),
      await sign({ jti: undefined }),
      await sign({ audit_context: undefined }),
      await sign({ audit_context: 'x'.repeat(257) }),
      await sign({}, { typ: 'JWT' }),
      await sign({}, { key: other }),
    ]
    for (const token of bad) expect((await hand(token)).body.error).toBe('invalid_grant')
    const federated = { requested_token_type: TYPE.federated }
    expect((await hand(await sign(), federated)).body.error).toBe('invalid_request')
    const plain = await worker({ privilegedWorker: false })
    expect((await plain.hand(await plain.sign())).body.error).toBe('unauthorized_client')
  })
})

import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { beforeEach, expect, test } from 'vitest'
import { createMockAuthorizationServer } from '../../src/index.ts'
import { basic, call, GRANT, post, type Raw, TYPE, tokenRequest, url } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'

const world = sharedTarget()
let session: Awaited<ReturnType<typeof login>>
beforeEach(async () => {
  session = await login(world.target, { subject: 'ann' })
})

function exchange(
  changes: Record<string, string | readonly string[] | undefined> = {},
  by = world.target.clients.agent,
): Promise<Raw> {
  return tokenRequest(
    world.target,
    {
      grant_type: GRANT.exchange,
      subject_token: session.tokens.access_token,
      subject_token_type: TYPE.accessToken,
      audience: world.target.api.resource,
      scope: 'trade:small',
      ...changes,
    },
    by,
  )
}

test('openid-client gets a delegated token for another API', async () => {
  const { target } = world
  const tokens = await client.genericGrantRequest(session.config, GRANT.exchange, {
    subject_token: session.tokens.access_token,
    subject_token_type: TYPE.accessToken,
    resource: target.api.resource,
    scope: 'trade:small portfolio:read',
  })
  expect(tokens.issued_token_type).toBe(TYPE.accessToken)
  expect(decodeJwt(tokens.access_token)).toMatchObject({
    iss: target.authorizationServer.issuer,
    sub: 'ann',
    aud: target.api.resource,
    client_id: 'stock-agent',
    scope: 'trade:small portfolio:read',
    act: { sub: target.agentName, client_id: 'stock-agent', sub_profile: 'ai_agent' },
    sid: decodeJwt(session.tokens.access_token).sid,
  })
})

test('an id_token of the client proves the user as well', async () => {
  const { body } = await exchange({ subject_token: session.tokens.id_token, subject_token_type: TYPE.idToken })
  expect(decodeJwt(body.access_token).sub).toBe('ann')
})

test('an order that no person approved is no detail of an exchanged token', async () => {
  const details = [{ type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }]
  const asked = { scope: 'trade:write', authorization_details: JSON.stringify(details) }
  expect(await exchange(asked)).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
  const { body } = await exchange({ scope: 'trade:write' })
  expect(body).not.toHaveProperty('authorization_details')
  expect(decodeJwt(body.access_token)).not.toHaveProperty('authorization_details')
})

test.each([
  ['no scope', { scope: undefined }, 'invalid_scope'],
  ['an unknown scope', { scope: 'trade:all' }, 'invalid_scope'],
  ['an OpenID Connect scope', { scope: 'openid' }, 'invalid_scope'],
  ['an unknown target', { audience: 'https://unknown.example/' }, 'invalid_target'],
  [
    'one unknown target of two',
    { resource: ['https://api.stocktrade.example/', 'https://unknown.example/'] },
    'invalid_target',
  ],
  ['no subject token', { subject_token: undefined }, 'invalid_request'],
  ['no subject token type', { subject_token_type: undefined }, 'invalid_request'],
  ['an invalid subject token', { subject_token: 'no.jwt.here' }, 'invalid_request'],
  ['a subject token of another type', { subject_token_type: TYPE.idToken }, 'invalid_request'],
  ['a type that is not taken', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
  ['a requested type that is not issued', { requested_token_type: TYPE.idToken }, 'invalid_request'],
  ['an actor token type alone', { actor_token_type: TYPE.accessToken }, 'invalid_request'],
  ['details of an unknown type', { authorization_details: '[{"type":"payment"}]' }, 'invalid_authorization_details'],
  ['details that are no array', { authorization_details: '{"type":"stock_order"}' }, 'invalid_authorization_details'],
  ['details that are no JSON', { authorization_details: '[' }, 'invalid_authorization_details'],
])('refuses %s', async (_name, changes, error) => {
  const { status, body, headers } = await exchange(changes)
  expect([status, body.error]).toEqual([400, error])
  expect(headers.get('cache-control')).toBe('no-store')
})

test('a client exchanges only tokens that are meant for it', async () => {
  expect((await exchange({}, world.target.clients.other)).body.error).toBe('invalid_request')
  const forApi = await exchange({ scope: 'trade:small' })
  const second = await exchange({ subject_token: forApi.body.access_token })
  expect(second.body.error).toBe('invalid_request')
})

test('a public client exchanges nothing, not even what was issued to it', async () => {
  const { target } = world
  const { tokens } = await login(target, { subject: 'ann', client: target.clients.public })
  const { body } = await post(url.token(target), {
    client_id: target.clients.public.clientId,
    grant_type: GRANT.exchange,
    subject_token: tokens.access_token,
    subject_token_type: TYPE.accessToken,
    audience: target.api.resource,
    scope: 'trade:small',
  })
  expect(body.error).toBe('unauthorized_client')
})

test('a token of the upstream issuer is no subject token here', async () => {
  const upstream = await tokenRequest(world.target, {
    grant_type: GRANT.vault,
    subject_token: session.tokens.access_token,
    subject_token_type: TYPE.accessToken,
    requested_token_type: TYPE.federated,
    connection: 'stocktrade',
  })
  expect((await exchange({ subject_token: upstream.body.access_token })).body.error).toBe('invalid_request')
})

test('an expired or revoked subject token is refused', async () => {
  await world.target.authorizationServer.controls.revokeRefreshTokens('ann')
  expect((await exchange()).body).toMatchObject({
    error: 'invalid_request',
    error_description: expect.stringMatching(/revoked/),
  })
})

test('scopes that the user lacks are left out', async () => {
  await world.target.authorizationServer.controls.changeUser('ann', { permissions: ['portfolio:read'] })
  const { body } = await exchange({ scope: 'portfolio:read trade:write' })
  expect(body.scope).toBe('portfolio:read')
})

test('an actor token of the client itself names the agent; one of another client is refused', async () => {
  const token = async (who = world.target.clients.agent) =>
    (await tokenRequest(world.target, { grant_type: 'client_credentials', scope: 'chat' }, who)).body.access_token
  const { body } = await exchange({ actor_token: await token(), actor_token_type: TYPE.accessToken })
  expect(decodeJwt(body.access_token).act).toMatchObject({ sub: 'agent:trader' })
  const foreign = await token(world.target.clients.other)
  const refused = await exchange({ actor_token: foreign, actor_token_type: TYPE.accessToken })
  expect(refused.body.error).toBe('invalid_request')
})

test('may_act of the user names who may act (RFC 8693 §4.4)', async () => {
  const { controls } = world.target.authorizationServer
  await controls.changeUser('ann', { claims: { may_act: { sub: 'agent:other' } } })
  session = await login(world.target, { subject: 'ann' })
  expect((await exchange()).body).toMatchObject({
    error: 'invalid_request',
    error_description: expect.stringMatching(/may_act/),
  })
  await controls.changeUser('ann', { claims: { may_act: { sub: 'agent:trader' } } })
  session = await login(world.target, { subject: 'ann' })
  expect((await exchange()).status).toBe(200)
})

test('an API has its own lifetime of tokens, shorter or longer than that of the server', async () => {
  const resources = [10, 100, undefined].map((seconds, index) => ({
    identifier: `https://${index}.example/`,
    scopes: ['use'],
    ...(seconds !== undefined && { accessTokenSeconds: seconds }),
  }))
  const clients = [{ clientId: 'a', clientSecret: 'a' }]
  const server = createMockAuthorizationServer({
    issuer: 'https://lifetimes.example',
    clients,
    users: [],
    resources,
    accessTokenSeconds: 50,
  })
  const lifetime = async (audience: string) => {
    const form = { grant_type: 'client_credentials', audience, scope: 'use' }
    return (await call(server, '/oauth/token', form, basic('a', 'a'))).body.expires_in
  }
  expect(await Promise.all(resources.map(({ identifier }) => lifetime(identifier)))).toEqual([10, 100, 50])
})

test('an id_token is not taken for an access token, even where the client is itself the API', async () => {
  const server = createMockAuthorizationServer({
    issuer: 'https://types.example',
    clients: [{ clientId: 'app', clientSecret: 's', api: 'app' }],
    users: [{ subject: 'ann' }],
    resources: [{ identifier: 'app', scopes: ['use'] }],
  })
  const post = (path: string, form: Record<string, string>) => call(server, path, form, basic('app', 's'))
  const asked = await post('/bc-authorize', { scope: 'openid use', login_hint: 'ann' })
  await server.controls.approve()
  const { auth_req_id } = asked.body
  const { body } = await post('/oauth/token', { grant_type: GRANT.ciba, auth_req_id })
  const exchange = (subject_token: string) =>
    post('/oauth/token', {
      grant_type: GRANT.exchange,
      subject_token,
      subject_token_type: TYPE.accessToken,
      audience: 'app',
      scope: 'use',
    })
  expect((await exchange(body.access_token)).status).toBe(200)
  expect((await exchange(body.id_token)).body.error_description).toBe('subject_token is a token of another type')
})

test('actors nest, outermost last, down to a bound; the end never grows (RFC 8693 §4.1)', async () => {
  const names = ['a', 'b', 'c', 'd']
  const server = createMockAuthorizationServer({
    issuer: 'https://chain.example',
    clients: names.map((name) => ({ clientId: name, clientSecret: name, api: `https://${name}.example/` })),
    users: [{ subject: 'ann' }],
    resources: [
      { identifier: 'https://a.example/', scopes: ['use'], accessTokenSeconds: 100 },
      ...names.slice(1).map((name) => ({ identifier: `https://${name}.example/`, scopes: ['use'] })),
      { identifier: 'https://end.example/', scopes: ['use'] },
    ],
    maxActorDepth: 3,
  })
  const post = (name: string, form: Record<string, string>) => call(server, '/oauth/token', form, basic(name, name))
  const { body: first } = await post('a', {
    grant_type: 'client_credentials',
    audience: 'https://a.example/',
    scope: 'use',
  })
  const end = decodeJwt(first.access_token).exp as number
  let token: string = first.access_token
  for (const [index, name] of names.entries()) {
    const target = names[index + 1] ?? 'end'
    const { status, body } = await post(name, {
      grant_type: GRANT.exchange,
      subject_token: token,
      subject_token_type: TYPE.accessToken,
      audience: `https://${target}.example/`,
      scope: 'use',
    })
    if (index === 3) {
      expect([status, body.error]).toEqual([400, 'invalid_request'])
      continue
    }
    expect(status).toBe(200)
    token = body.access_token
    expect(decodeJwt(token).exp).toBeLessThanOrEqual(end)
  }
  const { act } = decodeJwt(token) as {
    act: { sub: string; act: { sub: string; act: { sub: string; act?: unknown } } }
  }
  expect([act.sub, act.act.sub, act.act.act.sub, act.act.act.act]).toEqual(['c', 'b', 'a', undefined])
})

test('an exchange for the same API gains no scope', async () => {
  const again = await exchange({ audience: world.target.agentResource, scope: 'chat' })
  expect(again.status).toBe(200)
  session = await login(world.target, { subject: 'ann', scope: 'openid' })
  expect((await exchange({ audience: world.target.agentResource, scope: 'chat' })).body.error).toBe('invalid_scope')
})

import { login } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type McpHandler, type McpResourceServerOptions, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'
import { call, challengeOf, echo } from './echo.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const gate = (over: Partial<McpResourceServerOptions> = {}) =>
  mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, scopes: ['mcp:tools'], ...over })

interface Sent {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly method?: string
  readonly url?: string
}

function send(
  over: Partial<McpResourceServerOptions>,
  { token, headers, body = call('x'), method = 'POST', url }: Sent,
) {
  return gate(over).handle(echo)(
    new Request(url ?? world.resource, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  )
}

describe('who may pass', () => {
  test('a token for this server; and it ends here', async () => {
    const token = await world.token('ann')
    const response = await send({}, { token, headers: { dpop: 'proof' } })
    expect(response.status).toBe(200)
    const seen = await response.text()
    expect(JSON.parse(seen)).toMatchObject({ subject: 'ann', token: '', scopes: ['mcp:tools', 'mcp:trade'], rest: '' })
    expect(seen).not.toContain(token)
    expect(seen).not.toContain('proof')
  })

  verifies(
    'MCP-SERVER-metadata',
    'a request without a token is refused: the challenge names the metadata, which names the issuer',
    async () => {
      const response = await send({}, {})
      expect(response.status).toBe(401)
      const [, url = ''] = /resource_metadata="([^"]+)"/.exec(challengeOf(response)) ?? []
      const { pathname } = new URL(world.resource)
      expect(url).toBe(`${world.port.origin}/.well-known/oauth-protected-resource${pathname}`)
      const metadata = await send({ tools: { create_order: { scopes: ['mcp:trade'] } } }, { method: 'GET', url })
      expect(await metadata.json()).toMatchObject({
        resource: world.resource,
        authorization_servers: [world.target.authorizationServer.issuer],
        scopes_supported: ['mcp:tools', 'mcp:trade'],
        bearer_methods_supported: ['header'],
      })
    },
  )

  verifies('MCP-SERVER-challenge-scope', 'a client without a token need not ask for more than is needed', async () => {
    const tools = { create_order: { scopes: ['mcp:trade'] } }
    const challenge = challengeOf(await send({ tools }, {}))
    expect(challenge).toContain('scope="mcp:tools"')
    // RFC 6750 §3.1: no error is named to a client that sent no credentials.
    expect(challenge).not.toContain('error')
    expect(challengeOf(await send({ scopes: [] }, {}))).not.toContain('scope')
  })

  verifies('MCP-SERVER-query', 'a token in the query is not looked at', async () => {
    const token = await world.token('ann')
    expect((await send({}, { url: `${world.resource}?access_token=${token}` })).status).toBe(401)
  })

  verifies('MCP-SERVER-malformed', 'a header that holds no single token is a bad request', async () => {
    for (const headers of [{ authorization: 'Bearer a b' }, { authorization: 'Bearer' }]) {
      const response = await send({}, { headers })
      expect(response.status).toBe(400)
      expect(challengeOf(response)).toContain('error="invalid_request"')
    }
  })

  verifies('MCP-SERVER-every-request', 'a session that was opened with a token opens nothing without', async () => {
    const opens: McpHandler = async (request, options) => {
      const response = await echo(request, options)
      response.headers.set('mcp-session-id', 'one')
      return response
    }
    const handler = gate().handle(opens)
    const request = (headers: Record<string, string>) =>
      handler(
        new Request(world.resource, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(call('x')),
        }),
      )
    const authorization = `Bearer ${await world.token('ann')}`
    const opened = await request({ authorization })
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    expect((await request({ authorization, ...session })).status).toBe(200)
    expect((await request(session)).status).toBe(401)
  })

  const refused: Record<string, () => Promise<Sent & { readonly over?: Partial<McpResourceServerOptions> }>> = {
    'a token for another audience': async () => {
      const options = { user: 'ann', client: world.target.clients.public, scope: 'openid chat' }
      return { token: (await login(world.target, options)).accessToken }
    },
    'a token of another issuer': async () => {
      const { enterprise } = world.target
      if (enterprise === undefined) throw new TypeError('the sandbox has an employer')
      const target = { ...world.target, authorizationServer: enterprise }
      return { token: (await login(target, { user: 'emp-7', scope: 'openid chat' })).accessToken }
    },
    'an expired token': async () => ({
      token: await world.token('ann'),
      over: { clock: { now: () => Date.now() + 2 * 3600_000 } },
    }),
    'a token with the algorithm `none`': async () => {
      const [, payload] = (await world.token('ann')).split('.')
      const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
      return { token: `${header}.${payload}.` }
    },
    'a token whose claims were changed': async () => {
      const [header, payload = '', signature] = (await world.token('bob')).split('.')
      const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'ann' }
      return { token: [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.') }
    },
    'an id_token': async () => {
      const options = { user: 'ann', client: world.target.clients.public, resource: world.resource }
      return { token: (await login(world.target, { ...options, scope: 'openid mcp:tools' })).idToken ?? '' }
    },
  }
  const isRefused = async (make: (typeof refused)[string] | undefined) => {
    const { over = {}, ...sent } = (await make?.()) ?? {}
    const response = await send(over, sent)
    expect(response.status).toBe(401)
    expect(challengeOf(response)).toContain('error="invalid_token"')
    expect(await response.text()).not.toContain('subject')
  }
  for (const [name, make] of Object.entries(refused)) test(`not ${name}`, () => isRefused(make))
  verifies('MCP-SERVER-audience', 'a token must be for this server', () =>
    isRefused(refused['a token for another audience']),
  )
  verifies('MCP-SERVER-validate', 'a token must be valid, and not over', () => isRefused(refused['an expired token']))

  test('opaque tokens, by introspection', async () => {
    const seen: string[] = []
    const introspect: McpResourceServerOptions['introspect'] = async (token) => {
      seen.push(token)
      return world.identity(await world.token('ann'))
    }
    expect((await send({ introspect }, { token: 'opaque' })).status).toBe(200)
    expect(seen).toEqual(['opaque'])
  })
})

describe('scopes and logins by tool', () => {
  const tools = {
    create_order: { scopes: ['mcp:trade'] },
    close_account: { acrValues: ['urn:behalf:acr:strong'], maxAge: 60 },
    whoami: {},
  }

  verifies('MCP-SERVER-scope', 'a tool’s own scope is asked for when that tool is called, and only then', async () => {
    const token = await world.token('ann', { scope: 'openid mcp:tools' })
    expect((await send({ tools }, { token, body: call('whoami') })).status).toBe(200)
    const response = await send({ tools }, { token, body: call('create_order') })
    expect(response.status).toBe(403)
    expect(challengeOf(response)).toContain('error="insufficient_scope"')
    expect(challengeOf(response)).toContain('scope="mcp:tools mcp:trade"')
    expect((await send({ tools }, { token: await world.token('ann'), body: call('create_order') })).status).toBe(200)
  })

  const trading = { create_order: { scopes: ['mcp:trade'] }, read: { scopes: ['mcp:tools'] } }
  test.each([
    ['2026-07-28', { scopes: ['mcp:tools'] }, 'mcp:tools mcp:trade'],
    ['2026-07-28', { scopes: [] }, 'mcp:trade'],
    // Clients of older revisions ask for exactly the scopes of the challenge, and would lose that of another tool.
    ['2025-11-25', { scopes: [] }, 'mcp:trade mcp:tools'],
  ])('a challenge at revision %s names all scopes of the call, with %j: %s', async (revision, gate, scope) => {
    const token = await world.token('ann', { scope: 'openid mcp:tools' })
    const headers = { 'mcp-protocol-version': revision }
    const response = await send({ ...gate, tools: trading }, { token, body: call('create_order'), headers })
    expect(challengeOf(response)).toContain(`scope="${scope}"`)
  })

  test('step-up: another login is asked for by name', async () => {
    const response = await send({ tools }, { token: await world.token('ann'), body: call('close_account') })
    expect(response.status).toBe(401)
    expect(challengeOf(response)).toContain('error="insufficient_user_authentication"')
    expect(challengeOf(response)).toContain('acr_values="urn:behalf:acr:strong"')
    const token = await world.token('ann', { parameters: { acr_values: 'urn:behalf:acr:strong' } })
    expect((await send({ tools }, { token, body: call('close_account') })).status).toBe(200)
  })

  test('the handler gets the body that was checked, and a batch is refused', async () => {
    const token = await world.token('ann', { scope: 'openid mcp:tools' })
    const twice = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_order","name":"whoami"}}`
    const passed = await send({ tools }, { token, body: twice })
    expect(await passed.json()).toMatchObject({ body: { params: { name: 'whoami' } }, rest: '' })
    expect((await send({ tools }, { token, body: [call('create_order'), call('whoami')] })).status).toBe(400)
    const plain = { token, body: call('create_order'), headers: { 'content-type': 'text/plain' } }
    expect((await send({ tools }, plain)).status).toBe(415)
    expect((await send({ tools }, { token, body: '{' })).status).toBe(400)
    expect((await send({ tools, maxBodyBytes: 10 }, { token })).status).toBe(413)
  })
})

describe('where a request comes from', () => {
  test('another host is a rebound name', async () => {
    const response = await send({}, { token: await world.token('ann'), headers: { host: 'evil.example' } })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('`hosts` of mcpResourceServer')
    expect((await send({ hosts: ['evil.example'] }, { headers: { host: 'evil.example' } })).status).toBe(401)
  })

  verifies(
    'MCP-SERVER-origin',
    'another site’s page may not call; one that is named may, and its browser is told',
    async () => {
      const token = await world.token('ann')
      const origin = 'https://inspector.example'
      expect((await send({}, { token, headers: { origin } })).status).toBe(403)
      expect((await send({}, { token, headers: { origin: 'null' } })).status).toBe(403)
      const passed = await send({ origins: [origin] }, { token, headers: { origin } })
      expect(passed.headers.get('access-control-allow-origin')).toBe(origin)
      expect(
        (await send({ origins: [origin] }, { headers: { origin } })).headers.get('access-control-expose-headers'),
      ).toContain('WWW-Authenticate')
      const asked = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      }
      const preflight = await send({ origins: [origin] }, { method: 'OPTIONS', headers: asked })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
      expect((await send({}, { method: 'OPTIONS', headers: asked })).status).toBe(403)
    },
  )

  test('other addresses are not served, and the answer says which one is', async () => {
    const answer = await send({}, { url: `${world.port.origin}/other`, token: await world.token('ann') })
    expect(answer.status).toBe(404)
    expect(await answer.text()).toBe(`Not found: the MCP endpoint is ${new URL(world.resource).pathname}`)
    expect(gate().serves({ url: `${world.port.origin}/other` })).toBe(false)
    expect(gate().serves({ url: world.resource })).toBe(true)
  })

  test('a request of Node is an error that names the helper for Node', async () => {
    const error = {
      name: 'ConfigurationError',
      message: expect.stringContaining('On Node and Express, serve `nodeHandler(gate, handler)`'),
    }
    const request = { url: '/mcp', method: 'POST', headers: {} } as never
    await expect(gate().handle(echo)(request)).rejects.toMatchObject(error)
    await expect(gate().admit(request)).rejects.toMatchObject(error)
    expect(() => gate().serves(request)).toThrow(expect.objectContaining(error))
  })
})

import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/contract'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect, test } from 'vitest'
import { createMcpSession, type McpSessionOptions } from '../src/client/index.ts'

const serverUrl = 'https://mcp.example/mcp'
const issuer = 'https://as.example'

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: ['a', 'b'],
}

/** A server and its authorization server, as a client's fetch sees them. */
function servers(over: object = {}, resource: object = {}) {
  const asked: { readonly url: string; readonly body: string }[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const { pathname, href } = new URL(request.url)
    asked.push({ url: href, body: await request.clone().text() })
    if (href === serverUrl) {
      const challenge =
        'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", scope="a"'
      return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
    }
    if (pathname.includes('oauth-protected-resource')) {
      return Response.json({
        resource: serverUrl,
        authorization_servers: [issuer],
        scopes_supported: ['a', 'b'],
        ...resource,
      })
    }
    if (pathname.endsWith('/register')) {
      const wanted = JSON.parse(await request.text()) as object
      return Response.json({ ...wanted, client_id: 'made' }, { status: 201 })
    }
    if (pathname.includes('.well-known')) return Response.json({ ...metadata, ...over })
    return new Response(null, { status: 404 })
  }
  return { asked, fetch }
}

async function connect(fetch: McpSessionOptions['fetch'], over: Partial<McpSessionOptions> = {}) {
  const shown: string[] = []
  const session = createMcpSession({
    serverUrl,
    owner: 'ann',
    client: { name: 'x', redirectUri: 'http://127.0.0.1/callback', scopes: ['c'] },
    showSignIn: (url) => void shown.push(url.href),
    store: memoryStore(),
    ...(fetch && { fetch }),
    ...over,
  })
  const client = new Client({ name: 'x', version: '1' })
  const error = await client
    .connect(new StreamableHTTPClientTransport(new URL(over.serverUrl ?? serverUrl), session))
    .catch((thrown: unknown) => thrown)
  return { shown, error: String(error) }
}

describe('a registration', () => {
  verifies('MCP-CLIENT-application-type', 'names its type, and every scope that may ever be asked for', async () => {
    const { asked, fetch } = servers()
    const { shown } = await connect(fetch)
    const sent = JSON.parse(asked.find(({ url }) => url.endsWith('/register'))?.body ?? '{}')
    expect(sent).toMatchObject({ application_type: 'native', scope: 'c a b', token_endpoint_auth_method: 'none' })
    // Asked for now is what the challenge named.
    expect(new URL(shown[0] ?? '').searchParams.get('scope')).toBe('a')
  })

  test('is good for the scopes that it named: another server, or more of them, make another', async () => {
    const store = memoryStore()
    const { asked, fetch } = servers()
    const other = 'https://other.example/mcp'
    const others = servers({}, { resource: other, scopes_supported: ['z'] })
    const toOther: McpSessionOptions['fetch'] = async (input, init) => {
      asked.push({ url: String(input), body: String(init?.body) })
      return others.fetch(String(input).replace('other.example', 'mcp.example'), init)
    }
    const redirectUri = 'http://127.0.0.1/callback'
    await connect(fetch, { store })
    await connect(fetch, { store, owner: 'bob' })
    await connect(fetch, { store, client: { name: 'x', redirectUri, scopes: ['c', 'd'] } })
    await connect(toOther, { store, serverUrl: other })
    const sent = asked.filter(({ url }) => url.endsWith('/register')).map(({ body }) => JSON.parse(body).scope)
    expect(sent).toEqual(['c a b', 'c d a b', 'c z'])
  })

  test('a server that takes none says what to do', async () => {
    const { fetch } = servers({ registration_endpoint: undefined })
    expect((await connect(fetch)).error).toContain('register one by hand')
  })

  test('one whose secret has run out is made anew', async () => {
    const store = memoryStore()
    const { asked, fetch } = servers()
    const expiring: McpSessionOptions['fetch'] = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).endsWith('/register')) return response
      return Response.json(
        { ...(await response.json()), client_secret: 's', client_secret_expires_at: 1 },
        { status: 201 },
      )
    }
    await connect(expiring, { store })
    await connect(expiring, { store })
    expect(asked.filter(({ url }) => url.endsWith('/register')).length).toBeGreaterThanOrEqual(2)
  })
})

describe('metadata that lies', () => {
  verifies('MCP-CLIENT-url-schemes', 'a page that no browser should open is not shown', async () => {
    for (const endpoint of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'http://as.example/authorize',
      'data:text/html,x',
    ]) {
      const { fetch } = servers({ authorization_endpoint: endpoint })
      expect((await connect(fetch)).shown).toEqual([])
    }
  })

  test('endpoints inside are not asked', async () => {
    const inside = 'https://169.254.169.254'
    for (const over of [
      { registration_endpoint: `${inside}/register` },
      { registration_endpoint: 'http://localhost/register' },
    ]) {
      const { asked, fetch } = servers(over)
      const { shown } = await connect(fetch)
      expect(shown).toEqual([])
      expect(asked.filter(({ url }) => /169\.254|localhost/.test(url))).toEqual([])
    }
    const { asked, fetch } = servers({}, { authorization_servers: [inside] })
    await connect(fetch)
    expect(asked.filter(({ url }) => url.includes('169.254'))).toEqual([])
  })

  verifies('MCP-CLIENT-pkce-metadata', 'a server that does not say that it has PKCE is not gone to', async () => {
    for (const methods of [undefined, [], ['plain']]) {
      const { fetch } = servers({ code_challenge_methods_supported: methods })
      expect((await connect(fetch)).shown).toEqual([])
    }
  })

  test.each<readonly [string, object, object]>([
    ['another issuer than asked for', { issuer: 'https://evil.example' }, {}],
    ['another resource', {}, { resource: 'https://evil.example/mcp' }],
  ])('%s: nobody is sent anywhere', async (_name, over, resource) => {
    const { fetch } = servers(over, resource)
    expect((await connect(fetch)).shown).toEqual([])
  })
})

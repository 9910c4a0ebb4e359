import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { McpSessionOptions } from '../../src/client/index.ts'
import { clients } from '../clients.ts'
import { connect, redirectUri, servers } from './metadata-servers.ts'

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
      asked.push({ url: String(input), body: String(init?.body), method: 'POST', headers: new Headers() })
      return others.fetch(String(input).replace('other.example', 'mcp.example'), init)
    }
    await connect(fetch, { store })
    await connect(fetch, { store, owner: 'bob' })
    await connect(fetch, { store, client: { name: 'x', redirectUri, scopes: ['c', 'd', 'a'] } })
    await connect(toOther, { store, serverUrl: other, client: { name: 'x', redirectUri } })
    const sent = asked.filter(({ url }) => url.endsWith('/register')).map(({ body }) => JSON.parse(body).scope)
    expect(sent).toEqual(['c a b', 'c d a', 'z'])
  })

  test('a server that takes none says what to do', async () => {
    const { fetch } = servers({ registration_endpoint: undefined })
    expect((await connect(fetch)).error).toContain('register one by hand')
  })

  verifies('RFC7591-3.2.1-secret', 'a client whose secret has expired registers again', async () => {
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

describe.each(clients)('metadata that lies, by $name', (client) => {
  const lied = (fetch: McpSessionOptions['fetch'], over: Partial<McpSessionOptions> = {}) =>
    connect(fetch, over, client)

  verifies('MCP-CLIENT-url-schemes', 'a page that no browser should open is not shown', async () => {
    for (const endpoint of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'http://as.example/authorize',
      'data:text/html,x',
      'https://bank.example@as.example/authorize',
      'https://:x@as.example/authorize',
    ]) {
      const { fetch } = servers({ authorization_endpoint: endpoint })
      expect((await lied(fetch)).shown).toEqual([])
    }
  })

  test('endpoints inside are not asked', async () => {
    const inside = 'https://169.254.169.254'
    for (const over of [
      { registration_endpoint: `${inside}/register` },
      { registration_endpoint: 'http://localhost/register' },
    ]) {
      const { asked, fetch } = servers(over)
      const { shown } = await lied(fetch)
      expect(shown).toEqual([])
      expect(asked.filter(({ url }) => /169\.254|localhost/.test(url))).toEqual([])
    }
    const { asked, fetch } = servers({}, { authorization_servers: [inside] })
    expect((await lied(fetch)).shown).toEqual([])
    // One that takes no fetch asks for the metadata by itself.
    const sent = asked.filter(({ url, method }) => url.includes('169.254') && (client.takesFetch || method !== 'GET'))
    expect(sent).toEqual([])
  })

  verifies('MCP-CLIENT-pkce-metadata', 'a server that does not say that it has PKCE is not gone to', async () => {
    for (const methods of [undefined, [], ['plain']]) {
      const { fetch } = servers({ code_challenge_methods_supported: methods })
      expect((await lied(fetch)).shown).toEqual([])
    }
  })

  verifies('MCP-CLIENT-metadata-issuer', 'metadata of another issuer than was asked for is not used', async () => {
    const { fetch } = servers({ issuer: 'https://evil.example' })
    expect((await lied(fetch)).shown).toEqual([])
  })

  verifies('RFC9728-3.3-client', 'metadata of another resource is not used', async () => {
    const others = ['https://evil.example/mcp', 'https://mcp.example/other', 'https://mcp.example/mcp?tenant=of-others']
    const written = [
      'https://mcp.example/?tenant=of-others',
      'https://other@mcp.example/mcp',
      'https://mcp.example/mcp#other',
    ]
    for (const resource of [...others, ...written]) {
      const { fetch } = servers({}, { resource })
      expect((await lied(fetch)).shown).toEqual([])
    }
  })

  test('scopes beyond those that the client may ask for are not asked for', async () => {
    const { fetch } = servers({ scopes_supported: ['a', 'offline_access'] }, { scopes_supported: ['a', 'admin'] })
    const wants = (scope: string): McpSessionOptions['fetch'] => {
      return async (input, init) => {
        const response = await fetch(input, init)
        const challenge = response.headers.get('www-authenticate')?.replace('scope="a"', `scope="${scope}"`)
        return challenge === undefined
          ? response
          : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
      }
    }
    const limited = { client: { name: 'x', redirectUri, scopes: ['a'] } }
    const { shown } = await lied(wants('a admin'), limited)
    expect(new URL(shown[0] ?? '').searchParams.get('scope')).toMatch(/^a( offline_access)?$/)
    const refused = await lied(wants('admin'), limited)
    expect(refused.shown).toEqual([])
  })

  test('a server that asks for ever other scopes shows three sign-ins, in however many sessions', async () => {
    const { fetch } = servers()
    const store = memoryStore()
    let asked = 0
    const other: McpSessionOptions['fetch'] = async (input, init) => {
      const response = await fetch(input, init)
      const challenge = response.headers.get('www-authenticate')?.replace('scope="a"', `scope="scope-${asked++}"`)
      return challenge === undefined
        ? response
        : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
    }
    const shown: string[] = []
    for (let round = 0; round < 6; round++) {
      shown.push(...(await lied(other, { store, client: { name: 'x', redirectUri } })).shown)
    }
    expect(shown).toHaveLength(3)
  })
})

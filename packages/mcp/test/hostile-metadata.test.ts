import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/contract'
import { describe, expect, test } from 'vitest'
import type { McpSessionOptions } from '../src/client/index.ts'
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
    await connect(fetch, { store, client: { name: 'x', redirectUri, scopes: ['c', 'd'] } })
    await connect(toOther, { store, serverUrl: other })
    const sent = asked.filter(({ url }) => url.endsWith('/register')).map(({ body }) => JSON.parse(body).scope)
    expect(sent).toEqual(['c a b', 'c d a b', 'c z'])
  })

  test('a server that takes none says what to do', async () => {
    const { fetch } = servers({ registration_endpoint: undefined })
    expect((await connect(fetch)).error).toContain('register one by hand')
  })

  verifies('RFC7591-3.2.1-secret', 'one whose secret has run out is made anew', async () => {
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

  verifies('MCP-CLIENT-metadata-issuer', 'metadata of another issuer than was asked for is not used', async () => {
    const { fetch } = servers({ issuer: 'https://evil.example' })
    expect((await connect(fetch)).shown).toEqual([])
  })

  verifies('RFC9728-3.3-client', 'metadata of another resource is not used', async () => {
    for (const resource of ['https://evil.example/mcp', 'https://mcp.example/other']) {
      const { fetch } = servers({}, { resource })
      expect((await connect(fetch)).shown).toEqual([])
    }
  })
})

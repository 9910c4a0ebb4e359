import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { McpSessionOptions } from '../../src/client/index.ts'
import { redirectUriOf } from '../../src/client/registration/redirect-uri.ts'
import { backFrom, connect, issuer, metadata, redirectUri, servers, serverUrl } from './metadata-servers.ts'

const unauthorized = (challenge: string) =>
  new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })

/** The servers, with another answer for some addresses. */
function instead(answers: Readonly<Record<string, () => Response>>) {
  const { asked, fetch } = servers()
  const changed: McpSessionOptions['fetch'] = async (input, init) => {
    const response = await fetch(input, init)
    return answers[String(input instanceof Request ? input.url : input)]?.() ?? response
  }
  const wellKnown = () => asked.map(({ url }) => url).filter((url) => url.includes('.well-known'))
  return { asked, fetch: changed, wellKnown }
}
const missing = () => new Response(null, { status: 404 })
const place = 'https://mcp.example/.well-known/oauth-protected-resource'

describe('where metadata is', () => {
  verifies('MCP-CLIENT-discovery', 'where the challenge says', async () => {
    const named = 'https://mcp.example/elsewhere/oauth-protected-resource'
    const { fetch, asked } = instead({ [serverUrl]: () => unauthorized(`Bearer resource_metadata="${named}"`) })
    expect((await connect(fetch)).shown).toHaveLength(1)
    expect(asked.map(({ url }) => url)).toContain(named)
  })

  verifies('MCP-CLIENT-discovery', 'else below the endpoint, then below its host', async () => {
    const silent = () => unauthorized('Bearer')
    const own = instead({ [serverUrl]: silent })
    expect((await connect(own.fetch)).shown).toHaveLength(1)
    expect(own.wellKnown()[0]).toBe(`${place}/mcp`)
    const host = instead({ [serverUrl]: silent, [`${place}/mcp`]: missing })
    await connect(host.fetch)
    expect(host.wellKnown().slice(0, 2)).toEqual([`${place}/mcp`, place])
  })

  verifies('MCP-CLIENT-metadata-places', 'of an issuer with a path, in the order of the specification', async () => {
    const tenant = `${issuer}/tenant`
    const places = [
      `${issuer}/.well-known/oauth-authorization-server/tenant`,
      `${issuer}/.well-known/openid-configuration/tenant`,
      `${tenant}/.well-known/openid-configuration`,
    ]
    const found = () =>
      Response.json({
        ...metadata,
        issuer: tenant,
        jwks_uri: `${issuer}/keys`,
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      })
    for (const [index, last] of places.entries()) {
      const answers = Object.fromEntries(places.map((url) => [url, url === last ? found : missing]))
      const resource = () =>
        Response.json({ resource: serverUrl, authorization_servers: [tenant], scopes_supported: ['a'] })
      const { fetch, wellKnown } = instead({ ...answers, [`${place}/mcp`]: resource })
      expect((await connect(fetch)).shown).toHaveLength(1)
      expect(wellKnown().slice(1)).toEqual(places.slice(0, index + 1))
    }
  })

  verifies('MCP-CLIENT-https', 'endpoints over plain http are not asked', async () => {
    for (const over of [
      { registration_endpoint: 'http://as.example/register' },
      { token_endpoint: 'http://as.example/token' },
    ]) {
      const { asked, fetch } = servers(over)
      const { shown, session } = await connect(fetch)
      const back = shown[0] === undefined ? redirectUri : backFrom(shown[0], { code: 'c' })
      await expect(session.finishSignIn(back)).rejects.toThrow()
      expect(asked.filter(({ url }) => url.startsWith('http:'))).toEqual([])
    }
  })
})

verifies(
  'MCP-CLIENT-challenge-scope',
  'what a challenge names is asked for, and nothing that stands elsewhere',
  async () => {
    const { fetch } = instead({ [serverUrl]: () => unauthorized(`Bearer resource_metadata="${place}/mcp", scope="z"`) })
    const { shown } = await connect(fetch, { client: { name: 'x', redirectUri } })
    expect(new URL(shown[0] ?? '').searchParams.get('scope')).toBe('z')
  },
)

verifies('RFC8707-2-fragment', 'a server that was named with a fragment is asked for without', async () => {
  const { asked, fetch } = servers()
  const { shown, session } = await connect(fetch, { serverUrl: `${serverUrl}#part` })
  expect(new URL(shown[0] ?? '').searchParams.get('resource')).toBe(serverUrl)
  await session.finishSignIn(backFrom(shown[0], { code: 'c' }))
  const exchange = new URLSearchParams(asked.find(({ url }) => url.endsWith('/token'))?.body)
  expect(exchange.get('resource')).toBe(serverUrl)
})

verifies('MCP-CLIENT-token-header', 'the token is in the header of each request, and in no address', async () => {
  const { asked, fetch } = servers()
  const store = memoryStore()
  const { shown, session } = await connect(fetch, { store })
  await session.finishSignIn(backFrom(shown[0], { code: 'c' }))
  const before = asked.length
  await connect(fetch, { store })
  const calls = asked.slice(before).filter(({ url }) => url.startsWith('https://mcp.example/mcp'))
  expect(calls.length).toBeGreaterThan(0)
  expect(calls[0]?.headers.get('authorization')).toBe('Bearer a-token')
  expect(asked.map(({ url }) => url).join()).not.toContain('a-token')
})

describe('a registration', () => {
  const registration = async (answer: object = {}) => {
    const { asked, fetch } = servers()
    const changed: McpSessionOptions['fetch'] = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).endsWith('/register')) return response
      return Response.json({ ...((await response.json()) as object), ...answer }, { status: 201 })
    }
    const { shown, session } = await connect(changed)
    await session.finishSignIn(backFrom(shown[0], { code: 'c' }))
    return { asked: (end: string) => asked.filter(({ url }) => url.endsWith(end)) }
  }

  verifies('RFC7591-2-redirect_uris', 'names where browsers come back to, and nowhere else', async () => {
    const [sent] = (await registration()).asked('/register')
    expect(JSON.parse(sent?.body ?? '{}').redirect_uris).toEqual([redirectUriOf(redirectUri, issuer)])
  })

  test.each([
    [['a', 'offline_access', 'openid', 'other'], 'c a b offline_access openid'],
    [['a'], 'c a b'],
    [undefined, 'c a b'],
  ])('names the scopes of the session that the server lists beside those of the app: %j', async (listed, named) => {
    const { asked, fetch } = servers({ scopes_supported: listed })
    await connect(fetch)
    const sent = asked.find(({ url }) => url.endsWith('/register'))
    expect(JSON.parse(sent?.body ?? '{}').scope).toBe(named)
  })

  verifies('RFC7591-3.1-post', 'is JSON, posted over TLS', async () => {
    const [sent] = (await registration()).asked('/register')
    expect(sent).toMatchObject({ method: 'POST', url: expect.stringMatching(/^https:/) })
    expect(sent?.headers.get('content-type')).toBe('application/json')
  })

  const secret = { client_secret: 'a:b', client_secret_expires_at: 0 }
  verifies('RFC7591-3.2.1-method', 'a method that the server chose is the one that is used', async () => {
    const answer = { ...secret, token_endpoint_auth_method: 'client_secret_basic' }
    const [exchange] = (await registration(answer)).asked('/token')
    expect(exchange?.headers.get('authorization')).toBe(`Basic ${btoa('made:a%3Ab')}`)
    expect(exchange?.body).not.toContain('client_secret')
  })

  verifies('RFC7591-3.2.1-secret', 'one that never runs out is used', async () => {
    const answer = { ...secret, token_endpoint_auth_method: 'client_secret_post' }
    const { asked } = await registration(answer)
    expect(new URLSearchParams(asked('/token')[0]?.body).get('client_secret')).toBe('a:b')
    expect(asked('/register')).toHaveLength(1)
  })
})

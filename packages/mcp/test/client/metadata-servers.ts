import { memoryStore } from '@behalf/core'
import { createMcpSession, type McpSessionOptions } from '../../src/client/index.ts'
import { type TableClient, v2 } from '../clients.ts'

export const serverUrl = 'https://mcp.example/mcp'
export const issuer = 'https://as.example'
export const redirectUri = 'http://127.0.0.1/callback'

export const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: ['a', 'b'],
}

const METADATA_URL = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'

export interface Asked {
  readonly url: string
  readonly body: string
  readonly method: string
  readonly headers: Headers
}

/** A server and its authorization server, as a client's fetch sees them. */
export function servers(over: object = {}, resource: object = {}) {
  const asked: Asked[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const { pathname, href } = new URL(request.url)
    const { method, headers } = request
    asked.push({ url: href, body: await request.clone().text(), method, headers })
    if (href.split('#')[0] === serverUrl) {
      const challenge = `Bearer resource_metadata="${METADATA_URL}", scope="a"`
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
    if (pathname.endsWith('/token')) return Response.json({ access_token: 'a-token', token_type: 'Bearer' })
    if (pathname.includes('.well-known')) return Response.json({ ...metadata, ...over })
    return new Response(null, { status: 404 })
  }
  return { asked, fetch }
}

/** The address that the browser comes back to from a page that it was sent to. */
export function backFrom(page: string | undefined, answer: Readonly<Record<string, string>>): string {
  const { searchParams } = new URL(page ?? '')
  const back = new URL(searchParams.get('redirect_uri') ?? '')
  const state = searchParams.get('state') ?? ''
  for (const [name, value] of Object.entries({ state, ...answer })) back.searchParams.set(name, value)
  return back.href
}

/** Connects with a session of its own, by one client of the guide's table, and says what became of it. */
export async function connect(
  fetch: McpSessionOptions['fetch'],
  over: Partial<McpSessionOptions> = {},
  client: TableClient = v2,
) {
  const shown: string[] = []
  const session = createMcpSession({
    serverUrl,
    owner: 'ann',
    client: { name: 'x', redirectUri, scopes: ['c', 'a', 'b'] },
    showSignIn: (url) => void shown.push(url.href),
    store: memoryStore(),
    ...(fetch && { fetch }),
    ...over,
  })
  const real = globalThis.fetch
  // It makes requests by the global one.
  if (!client.takesFetch && fetch !== undefined) globalThis.fetch = fetch as typeof real
  const error = await client.connect(session, over.serverUrl ?? serverUrl).catch((thrown: unknown) => thrown)
  globalThis.fetch = real
  return { shown, session, error: String(error) }
}

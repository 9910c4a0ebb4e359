// The Worker of the tests: an API, a guard, a sign-in and an MCP server. A request names the app that it is for, and the
// app is made at its first request, so that each test has its own.
import { createGuard, defineTool, type Fetch, may, object, policy, resource, type Store } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { createIntrospection, createSessions, createSignIn } from '@behalf/core/identity'
import { oidc } from '@behalf/core/providers'
import { createResourceServer } from '@behalf/core/resource-server'
import { createMcpSession } from '@behalf/mcp/client'
import { mcpResourceServer, toMcpTools } from '@behalf/mcp/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod/mini'
import { AGENT, API, CALLBACK, FGA, fromWire, ISSUER, MCP, MODEL, OPAQUE, STORE, toWire } from './places.ts'

type Handle = (request: Request) => Promise<Response>

/** A store behind HTTP, as an app on Workers has one. */
function fetchStore(name: string): Store {
  const call = async (method: string, ...args: readonly unknown[]) => {
    const response = await fetch(`${STORE}/${name}/${method}`, { method: 'POST', body: toWire(args) })
    return (fromWire(await response.text()) as { readonly result: never }).result
  }
  return {
    specificationVersion: 2,
    durable: true,
    now: () => call('now'),
    get: (key) => call('get', key),
    put: (key, value, options) => call('put', key, value, options),
    delete: (key, options) => call('delete', key, options),
    claimDue: (queue, options) => call('claimDue', queue, options),
    list: (index, options) => call('list', index, options),
    increment: (key, options) => call('increment', key, options),
  }
}

function makeApp(name: string): Readonly<Record<string, Handle>> {
  // A request of its own for each app: connections are shared by the same profile and fetch.
  const ownFetch: Fetch = (input, init) => fetch(input, init)
  const clock = { now: () => Date.now() + offset }
  const common = { fetch: ownFetch, clock, timeoutMs: 20_000 }
  const profile = (clientId: string) => oidc({ issuer: ISSUER, clientId, clientSecret: 'secret' })
  const byte = (value: number) => Uint8Array.from({ length: 32 }, (_, index) => value + index)
  const keys = { seal: [byte(1)], index: byte(2) } as const
  const store = fetchStore(name)

  const web = profile('web')
  const sessions = createSessions({
    authorizationServer: web,
    store,
    keys,
    audience: AGENT,
    refreshBeforeSeconds: 120,
    ...common,
  })
  const signIn = createSignIn({
    authorizationServer: web,
    store,
    keys,
    redirectUri: CALLBACK,
    scopes: ['offline_access', 'chat'],
    resource: AGENT,
    ...common,
  })

  const introspect = createIntrospection({ authorizationServer: profile('api'), audience: OPAQUE, ...common })
  const api = createResourceServer({ authorizationServer: profile('api'), audience: API, ...common })
  const opaque = createResourceServer({ authorizationServer: profile('api'), audience: OPAQUE, introspect, ...common })
  const protect =
    (server: typeof api): Handle =>
    async (request) => {
      const caller = await server.protect(request)
      return caller.ok ? Response.json({ issuer: caller.identity.issuer }) : caller.response
    }

  const guard = createGuard({
    authorizationServer: web,
    agent: { name: 'agent:trader' },
    approvals: ciba(),
    store,
    keys,
    permissions: openFga({
      apiUrl: FGA,
      storeId: '01KAZ0000000000000000STORE',
      authorizationModelId: MODEL,
      relations: { user: (name) => `user_${name}`, agent: (name) => `agent_${name}`, delegation: 'acts_for' },
      cacheSeconds: 5,
      ...common,
    }),
    revocationSeconds: 1,
    ...common,
  })
  const input = z.strictObject({ portfolio: z.string() })
  const permission = ({ input: { portfolio } }: { readonly input: { readonly portfolio: string } }) =>
    may('can_trade', object('portfolio', portfolio))
  const access = { trade: resource(API, { scopes: ['orders'] }) }
  const policies = {
    read: policy(input, { permission }),
    order: policy(input, { effect: 'write', permission, access }),
    approved: policy(input, { approval: { message: () => 'Buy', onCrash: 'retry' }, access }),
  }
  const call =
    (tool: keyof typeof policies): Handle =>
    async (request) => {
      const found = await sessions.identity(request.headers.get('session') ?? '')
      if (found.status !== 'verified') return Response.json(found, { status: 401 })
      const outcome = await guard.run(
        policies[tool] as typeof policies.order,
        { tool, slot: 'call-1', input: { portfolio: 'p-ann' }, identity: found.identity },
        async (_input, { access: granted }) =>
          tool === 'read' ? 'read' : (await granted.trade.fetch(`${API}/orders`, { method: 'POST' })).status,
      )
      return Response.json(outcome, { status: outcome.status === 'done' ? 200 : 202 })
    }

  const guarded = toMcpTools(guard, [
    defineTool({ name: 'whoami', description: 'Says who calls.', input: z.strictObject({}), run: () => 'called' }),
  ])
  const gate = mcpResourceServer({ resource: MCP, authorizationServer: profile('mcp'), guarded, ...common })
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'stock', version: '1.0.0' }, guarded.serverOptions)),
  )
  const serve = gate.handle(mcp.fetch)

  const { authProvider } = createMcpSession({
    serverUrl: MCP,
    owner: 'ann',
    client: { name: 'Agent', redirectUri: CALLBACK },
    showSignIn: () => {},
    store,
    keys,
    dpop: true,
    fetch: ownFetch,
  })

  return {
    api: protect(api),
    opaque: protect(opaque),
    mcp: (request) => {
      const headers = new Headers(request.headers)
      headers.set('host', new URL(MCP).host)
      return serve(new Request(MCP, { method: request.method, headers, body: request.body, signal: request.signal }))
    },
    async login(request) {
      return Response.json(await signIn.start(request))
    },
    async callback(request) {
      const url = new URL(request.url)
      const answer = await signIn.complete(new Request(`${CALLBACK}${url.search}`, request))
      if (answer.status === 'refused') return Response.json(answer, { status: 403 })
      return Response.json(await sessions.create(answer.tokens, { nonce: answer.nonce }))
    },
    async session(request) {
      const found = await sessions.identity(request.headers.get('session') ?? '')
      return Response.json(found, { status: found.status === 'verified' ? 200 : 401 })
    },
    read: call('read'),
    order: call('order'),
    approved: call('approved'),
    dpop: async () => Response.json({ thumbprint: (await authProvider.dpop?.())?.thumbprint }),
  }
}

const apps = new Map<string, Readonly<Record<string, Handle>>>()
/** Time by which the clock of every app is ahead, in milliseconds. */
let offset = 0

export async function serve(request: Request): Promise<Response> {
  const [, name = '', path = ''] = new URL(request.url).pathname.split('/')
  offset = Number(request.headers.get('offset') ?? 0)
  try {
    const app = apps.get(name) ?? makeApp(name)
    apps.set(name, app)
    return (await app[path]?.(request)) ?? new Response(null, { status: 404 })
  } catch (error) {
    return new Response(`${error instanceof Error ? error.stack : error}`, { status: 500 })
  }
}

import {
  type Capability,
  createMockOpenFga,
  createMockStockTrade,
  createNotificationInbox,
  type MadeUpWorld,
  type MockClient,
  type MockResource,
  makeWorld,
  type ProtocolTarget,
  TestingError,
} from '@behalf/testing'
import { openAuthorizationServer, type SandboxAuthorizationServer } from '../authorization-server/index.ts'
import { fetchListener } from '../http/fetch-listener.ts'
import { type Listening, listen } from '../http/listen.ts'

/** Options of {@link sandboxTarget}. */
export interface SandboxTargetOptions {
  /** Signature algorithm of all issuers. @default 'ES256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Seconds between polls. @default 1 */
  readonly interval?: number
  /** How long the Stock Trade API takes for an order, milliseconds. @default 0 */
  readonly executionMs?: number
  /** Further clients at the app's issuer, such as an MCP server that exchanges its callers' tokens. @default none */
  readonly clients?: readonly MockClient[]
  /** Further APIs at the app's issuer. @default none */
  readonly resources?: readonly MockResource[]
  /**
   * The origin that the Stock Trade API is known by, in its identifier and its tokens, where a `fetch` of the test's
   * leads from there to the port. @default the port's own
   */
  readonly apiOrigin?: string
}

const OPTION_KEYS = [
  'algorithm',
  'interval',
  'executionMs',
  'clients',
  'resources',
  'apiOrigin',
] as const satisfies readonly (keyof SandboxTargetOptions)[]

const CAPABILITIES: readonly Capability[] = [
  'token-exchange',
  'token-vault',
  'ciba',
  'authorization-details',
  'id-jag',
  'faults',
  'request-log',
]

/**
 * Starts the made-up world of `@behalf/testing` as real servers on loopback: three issuers on oidc-provider (the
 * app's, the upstream's, the employer's), OpenFGA and the Stock Trade API.
 *
 * Several can run at once, in one process, each on ports of its own. Plain http: a profile needs
 * `[allowInsecureLoopback]: true`, which `profileOf` sets.
 *
 * @example
 * ```ts
 * import { sandboxTarget } from '@behalf/sandbox'
 *
 * const target = await sandboxTarget()
 * await target.authorizationServer.controls.signInAs(target.users.ann.subject)
 * await target.close()
 * ```
 */
export async function sandboxTarget(options: SandboxTargetOptions = {}): Promise<ProtocolTarget> {
  const known: readonly string[] = OPTION_KEYS
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new TestingError(`sandboxTarget: unknown ${unknown.join(', ')}`)
  // Each server has to know where the others are, so all ports are taken first.
  const ports = { app: await listen(0), upstream: await listen(0), enterprise: await listen(0) }
  const more = { api: await listen(0), openFga: await listen(0), agent: await listen(0) }
  const { apiOrigin = more.api.origin } = options
  const notificationEndpoint = `${more.agent.origin}/ciba/notifications`
  const world = await makeWorld({
    issuer: ports.app.origin,
    upstreamIssuer: ports.upstream.origin,
    apiOrigin,
    notificationEndpoint,
  })
  const issuers = await openIssuers(ports, world, options)
  const apis = openApis(more, world, issuers, { ...options, apiOrigin })
  const inbox = createNotificationInbox()
  serve(more.agent, more.agent.origin, (request) => inbox.take(request))
  await linkAccounts(issuers.app, world)
  return {
    name: 'sandbox',
    capabilities: new Set(CAPABILITIES),
    authorizationServer: issuers.app,
    upstream: issuers.upstream,
    enterprise: issuers.enterprise,
    clients: world.clients,
    users: world.users,
    agentName: world.agentName,
    agentResource: world.agentResource,
    opaqueResource: world.opaqueResource,
    connection: world.connection,
    notifications: { endpoint: notificationEndpoint, received: inbox.received, forwardTo: inbox.forwardTo },
    api: { origin: more.api.origin, resource: `${apiOrigin}/`, controls: apis.stockTrade.controls },
    openFga: {
      apiUrl: more.openFga.origin,
      storeId: apis.openFga.storeId,
      authorizationModelId: apis.openFga.authorizationModelId,
      apiToken: apis.openFga.apiToken,
      controls: apis.openFga.controls,
    },
    async reset() {
      for (const { controls } of [...Object.values(issuers), ...Object.values(apis)]) await controls.reset()
      inbox.clear()
      await linkAccounts(issuers.app, world)
    },
    async close() {
      await Promise.all([...Object.values(ports), ...Object.values(more)].map((port) => port.close()))
    },
  }
}

interface Issuers {
  readonly app: SandboxAuthorizationServer
  readonly upstream: SandboxAuthorizationServer
  readonly enterprise: SandboxAuthorizationServer
}

async function openIssuers(
  ports: Readonly<Record<keyof Issuers, Listening>>,
  world: MadeUpWorld,
  { algorithm = 'ES256', interval = 1, clients = [], resources = [] }: SandboxTargetOptions,
): Promise<Issuers> {
  const upstream = await openAuthorizationServer(ports.upstream, { ...world.upstream, algorithm })
  const [{ clientId, clientSecret }] = world.upstream.clients
  const [{ identifier }] = world.upstream.resources
  const app = await openAuthorizationServer(ports.app, {
    ...world.app,
    clients: [...world.app.clients, ...clients],
    resources: [...world.app.resources, ...resources],
    connections: [{ name: world.connection, server: upstream, clientId, clientSecret, resource: identifier }],
    algorithm,
    interval,
    trustsAssertionsOf: [ports.enterprise.origin],
  })
  const enterprise = await openAuthorizationServer(ports.enterprise, {
    ...world.enterprise,
    algorithm,
    assertsTo: [ports.app.origin],
  })
  return { app, upstream, enterprise }
}

function openApis(
  ports: { readonly api: Listening; readonly openFga: Listening },
  world: MadeUpWorld,
  { app, upstream }: Issuers,
  { executionMs = 0, apiOrigin }: SandboxTargetOptions & { readonly apiOrigin: string },
) {
  const openFga = createMockOpenFga({ apiUrl: ports.openFga.origin, tuples: world.tuples(Date.now()) })
  const stockTrade = createMockStockTrade({
    origin: apiOrigin,
    issuers: [app.issuer, upstream.issuer],
    audience: `${apiOrigin}/`,
    accounts: world.accounts,
    executionMs,
  })
  serve(ports.openFga, ports.openFga.origin, openFga.handle)
  serve(ports.api, apiOrigin, stockTrade.handle)
  return { openFga, stockTrade }
}

function serve(port: Listening, origin: string, handle: (request: Request) => Promise<Response | undefined>): void {
  port.serve(fetchListener(origin, handle))
}

async function linkAccounts(
  { controls }: SandboxAuthorizationServer,
  { users, connection }: MadeUpWorld,
): Promise<void> {
  for (const { subject, upstreamSubject } of Object.values(users)) {
    await controls.connect(subject, connection, { upstreamSubject, scopes: ['portfolio:read'] })
  }
}

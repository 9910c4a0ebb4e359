import {
  type Capability,
  createMockOpenFga,
  createMockStockTrade,
  createNotificationInbox,
  type MadeUpWorld,
  makeWorld,
} from '@behalf/testing'
import {
  type OpenAuthorizationServer,
  openAuthorizationServer,
  type SandboxAuthorizationServer,
  type ServerParts,
} from '../authorization-server/index.ts'
import type { SandboxIssuer } from '../events/index.ts'
import { type FetchHandler, fetchListener } from '../http/fetch-listener.ts'
import { type Listening, listen } from '../http/listen.ts'
import { keptBooks } from './kept-books.ts'
import { checkTuples, seeded } from './seed.ts'
import type { OpenTarget, SandboxTargetOptions, TargetParts } from './target-options.ts'
import { tellApi, tellChecks } from './tell-requests.ts'

const CAPABILITIES: readonly Capability[] = [
  'token-exchange',
  'token-vault',
  'ciba',
  'authorization-details',
  'id-jag',
  'faults',
  'request-log',
]

/** The places of a target, in the order of their ports. */
const PLACES = ['app', 'upstream', 'enterprise', 'api', 'openFga', 'agent'] as const
type Ports = Readonly<Record<(typeof PLACES)[number], Listening>>

/** Starts the servers: for tests, or with `parts` as a sandbox for persons. */
export async function openTarget(options: SandboxTargetOptions, parts?: TargetParts): Promise<OpenTarget> {
  // Each server must know the addresses of the others, so all ports are opened first.
  const ports = await takePorts(parts?.firstPort ?? 0)
  try {
    return await openOn(ports, options, parts)
  } catch (error) {
    // An open port would keep the process alive.
    await closeAll(ports)
    throw error
  }
}

async function openOn(
  ports: Ports,
  options: SandboxTargetOptions,
  parts: TargetParts | undefined,
): Promise<OpenTarget> {
  const { apiOrigin = ports.api.origin } = options
  const notificationEndpoint = `${ports.agent.origin}/ciba/notifications`
  const issuersAt = { app: ports.app.origin, upstream: ports.upstream.origin }
  if (parts !== undefined) await checkTuples(parts.seed)
  const plain = await makeWorld({
    issuer: issuersAt.app,
    upstreamIssuer: issuersAt.upstream,
    apiOrigin,
    notificationEndpoint,
  })
  const world = parts === undefined ? plain : seeded(plain, parts.seed, issuersAt)
  const issuers = await openIssuers(ports, world, options, parts)
  const apis = openApis(ports, world, issuers, { ...options, apiOrigin }, parts)
  const inbox = createNotificationInbox()
  serve(ports.agent, ports.agent.origin, (request) => inbox.take(request))
  if (parts?.data?.shelf('app').read('linked') !== true) await linkAccounts(issuers.app, world)
  parts?.data?.shelf('app').write('linked', true)
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
    api: { origin: ports.api.origin, resource: `${apiOrigin}/`, controls: apis.stockTrade.controls },
    openFga: {
      apiUrl: ports.openFga.origin,
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
    forgetFaults() {
      for (const { forgetFaults } of Object.values(issuers)) forgetFaults()
    },
    explain: apis.openFga.explain,
    roleClaimsOf(subject) {
      const user = world.app.users.find((one) => one.subject === subject)
      return user && parts?.roles.write(user)
    },
    close: () => closeAll(ports),
  }
}

async function closeAll(ports: Ports): Promise<void> {
  await Promise.all(Object.values(ports).map((port) => port.close()))
}

/** Opens all ports, or none: if one is in use, closes those before it. */
async function takePorts(first: number): Promise<Ports> {
  const taken: [string, Listening][] = []
  try {
    for (const [index, place] of PLACES.entries()) taken.push([place, await listen(first === 0 ? 0 : first + index)])
  } catch (error) {
    await Promise.all(taken.map(([, port]) => port.close()))
    throw error
  }
  return Object.fromEntries(taken) as unknown as Ports
}

/**
 * An app's own client at the upstream, for accounts that the app itself stores. Any redirect URI on loopback is
 * accepted.
 */
export const ACCOUNTS_CLIENT = {
  clientId: 'stock-agent-accounts',
  clientSecret: 'stock-agent-accounts-secret',
  redirectUris: ['https://agent.behalf.example/connections/callback/stocktrade'],
}

type Issuers = Readonly<Record<SandboxIssuer, OpenAuthorizationServer>>

const TITLES: Readonly<Record<SandboxIssuer, string>> = {
  app: 'Behalf Sandbox',
  upstream: 'Stock Trade',
  enterprise: 'Your Employer',
}

async function openIssuers(
  ports: Ports,
  world: MadeUpWorld,
  { algorithm = 'ES256', interval = 1, clients = [], resources = [] }: SandboxTargetOptions,
  parts: TargetParts | undefined,
): Promise<Issuers> {
  const requestSeconds = parts === undefined ? {} : { requestSeconds: parts.requestSeconds }
  const upstream = await openAuthorizationServer(
    ports.upstream,
    {
      ...world.upstream,
      ...(parts !== undefined && { clients: [...world.upstream.clients, ACCOUNTS_CLIENT] }),
      algorithm,
    },
    serverParts('upstream', parts),
  )
  const [{ clientId, clientSecret }] = world.upstream.clients
  const [{ identifier }] = world.upstream.resources
  const app = await openAuthorizationServer(
    ports.app,
    {
      ...world.app,
      ...requestSeconds,
      clients: [...world.app.clients, ...clients],
      resources: [...world.app.resources, ...resources],
      connections: [{ name: world.connection, server: upstream, clientId, clientSecret, resource: identifier }],
      algorithm,
      interval,
      trustsAssertionsOf: [ports.enterprise.origin],
    },
    serverParts('app', parts),
  )
  const enterprise = await openAuthorizationServer(
    ports.enterprise,
    { ...world.enterprise, algorithm, assertsTo: [ports.app.origin] },
    serverParts('enterprise', parts),
  )
  return { app, upstream, enterprise }
}

function serverParts(name: SandboxIssuer, parts: TargetParts | undefined): ServerParts | undefined {
  if (parts === undefined) return undefined
  const { events, roles, data } = parts
  // Only at the upstream does a user grant access to an account.
  return { name, events, roles, pages: { title: TITLES[name], consent: name === 'upstream' }, shelf: data?.shelf(name) }
}

function openApis(
  ports: Ports,
  world: MadeUpWorld,
  { app, upstream }: Issuers,
  { executionMs = 0, apiOrigin }: SandboxTargetOptions & { readonly apiOrigin: string },
  parts: TargetParts | undefined,
) {
  const kept = keptBooks(world, parts?.data)
  const openFga = createMockOpenFga({ apiUrl: ports.openFga.origin, tuples: kept.tuples })
  const stockTrade = createMockStockTrade({
    origin: apiOrigin,
    issuers: [app.issuer, upstream.issuer],
    audience: `${apiOrigin}/`,
    accounts: kept.accounts,
    executionMs,
    ...(parts?.data !== undefined && { approvals: parts.data.approvals }),
  })
  serve(ports.openFga, ports.openFga.origin, kept.afterWrite(tellChecks(openFga, parts?.events), openFga.controls))
  serve(ports.api, apiOrigin, kept.afterOrder(tellApi(stockTrade.handle, parts?.events), stockTrade.controls))
  return { openFga, stockTrade }
}

function serve(port: Listening, origin: string, handle: FetchHandler): void {
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

import type { Clock } from '@behalf/core'
import { http } from 'msw'
import type { SetupServer } from 'msw/node'
import {
  createMockAuthorizationServer,
  type MockAuthorizationServer,
  type MockCibaOptions,
  type MockUser,
} from '../authorization-server/index.ts'
import { machineClock } from '../clock.ts'
import { createMockOpenFga, type MockOpenFga } from '../open-fga/index.ts'
import { createMockStockTrade, type MockStockTrade } from '../stock-trade/index.ts'
import { refuseUnknownKeys } from '../testing-error.ts'
import { type MadeUpWorld, makeWorld, type WorldPlaces } from './make-world.ts'
import { createNotificationInbox } from './notification-inbox.ts'
import type { ProtocolTarget } from './protocol-target.ts'
import { setupFetchServer } from './setup-fetch-server.ts'

const PLACES: WorldPlaces = {
  issuer: 'https://tenant.behalf.example/',
  upstreamIssuer: 'https://login.stocktrade.example/',
  apiOrigin: 'https://api.stocktrade.example',
  notificationEndpoint: 'https://agent.behalf.example/ciba/notifications',
}

/** The employer's issuer. */
const ENTERPRISE = 'https://login.employer.example'

/** Options of {@link startMockServers} and `mockTarget`. */
export interface MockServersOptions {
  /** Signature algorithm of both issuers. @default 'RS256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Backchannel authentication at the app's issuer. */
  readonly ciba?: MockCibaOptions
  /** Further users of the app's issuer, besides ann and bob. */
  readonly users?: readonly MockUser[]
  /** Time that the Stock Trade API takes for an order, in milliseconds. @default 0 */
  readonly executionMs?: number
  /** Clock of all servers. @default the machine's clock, which fake timers replace */
  readonly clock?: Clock
  /** What msw does with a request that no mocked server handles. @default 'error' */
  readonly onUnhandledFrame?: 'error' | 'warn' | 'bypass'
}

/** The whole made-up world, intercepting. */
export interface MockServers {
  /** The app's issuer, `https://tenant.behalf.example/`. */
  readonly authorizationServer: MockAuthorizationServer
  /** The issuer behind the vault's `stocktrade` connection, `https://login.stocktrade.example/`. */
  readonly upstream: MockAuthorizationServer
  /** The employer's issuer, `https://login.employer.example`: it asserts its people to the app's (ID-JAG). */
  readonly enterprise: MockAuthorizationServer
  /** The permission server with the trading model, `https://fga.behalf.example`. */
  readonly openFga: MockOpenFga
  /** The Stock Trade API, `https://api.stocktrade.example`. */
  readonly stockTrade: MockStockTrade
  /** Clients registered at the app's issuer, with their credentials. */
  readonly clients: ProtocolTarget['clients']
  /** Users, clients and accounts of this world. */
  readonly world: MadeUpWorld
  /** Notifications for `clients.agentWithPing`. */
  readonly notifications: ProtocolTarget['notifications']
  /** msw's server: `use` more handlers here. */
  readonly msw: SetupServer
  /** Resets all servers, and links the accounts. */
  reset(): Promise<void>
  /** Ends interception. A second call does nothing. */
  close(): void
}

/**
 * Starts the three issuers, OpenFGA and the Stock Trade API as msw handlers, and intercepts from then on.
 *
 * The world: users `ann` and `bob`, linked to their upstream accounts; portfolios `p-ann` and `p-bob`;
 * the agent `agent:trader`, allowed to act for both. No user is signed in. One set at a time in a process: msw patches
 * the global `fetch`.
 *
 * @throws {@link TestingError} An unknown option key.
 */
export async function startMockServers(options: MockServersOptions = {}): Promise<MockServers> {
  const known = ['algorithm', 'ciba', 'users', 'executionMs', 'clock', 'onUnhandledFrame']
  refuseUnknownKeys('startMockServers', options, known)
  const world = await makeWorld(PLACES)
  const servers = await makeServers(options, world)
  const { authorizationServer, upstream, enterprise, openFga, stockTrade } = servers
  const inbox = createNotificationInbox()
  const msw = setupFetchServer(
    ...[authorizationServer, upstream, enterprise, openFga, stockTrade].flatMap((server) => server.handlers),
    http.post(PLACES.notificationEndpoint, ({ request }) => inbox.take(request)),
  )
  await linkAccounts(authorizationServer, world)
  let closed = false
  msw.listen({ onUnhandledFrame: options.onUnhandledFrame ?? 'error' })
  return {
    ...servers,
    world,
    clients: world.clients,
    notifications: { endpoint: PLACES.notificationEndpoint, received: inbox.received, forwardTo: inbox.forwardTo },
    msw,
    async reset() {
      msw.resetHandlers()
      for (const { controls } of [authorizationServer, upstream, enterprise, openFga, stockTrade])
        await controls.reset()
      inbox.clear()
      await linkAccounts(authorizationServer, world)
    },
    close() {
      if (!closed) msw.close()
      closed = true
    },
  }
}

async function makeServers(options: MockServersOptions, world: MadeUpWorld) {
  const { algorithm = 'RS256', clock = machineClock } = options
  const upstream = createMockAuthorizationServer({
    ...world.upstream,
    issuer: PLACES.upstreamIssuer,
    algorithm,
    clock,
  })
  const [vault] = world.upstream.clients
  const [api] = world.upstream.resources
  const authorizationServer = createMockAuthorizationServer({
    ...world.app,
    issuer: PLACES.issuer,
    users: [...world.app.users, ...(options.users ?? [])],
    connections: [{ name: world.connection, server: upstream, clientId: vault.clientId, resource: api.identifier }],
    algorithm,
    ...(options.ciba && { ciba: options.ciba }),
    trustsAssertionsOf: [ENTERPRISE],
    clock,
  })
  const enterprise = createMockAuthorizationServer({
    ...world.enterprise,
    issuer: ENTERPRISE,
    assertsTo: [PLACES.issuer],
    algorithm,
    clock,
  })
  const openFga = createMockOpenFga({ tuples: world.tuples(clock.now()), clock })
  const stockTrade = createMockStockTrade({
    origin: PLACES.apiOrigin,
    issuers: [PLACES.issuer, PLACES.upstreamIssuer],
    audience: api.identifier,
    accounts: world.accounts,
    executionMs: options.executionMs ?? 0,
    clock,
  })
  return { authorizationServer, upstream, enterprise, openFga, stockTrade }
}

async function linkAccounts({ controls }: MockAuthorizationServer, { users, connection }: MadeUpWorld): Promise<void> {
  for (const { subject, upstreamSubject } of Object.values(users)) {
    await controls.connect(subject, connection, { upstreamSubject, scopes: ['portfolio:read'] })
  }
}

import type { Clock } from '@behalf/core'
import { type SetupServer, setupServer } from 'msw/node'
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
import * as world from './default-world.ts'
import type { ProtocolTarget } from './protocol-target.ts'

export interface MockServersOptions {
  /** Signature algorithm of both issuers. @default 'RS256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Backchannel authentication at the app's issuer. */
  readonly ciba?: MockCibaOptions
  /** Further users of the app's issuer, beside ann and bob. */
  readonly users?: readonly MockUser[]
  /** How long the Stock Trade API takes for an order, milliseconds. @default 0 */
  readonly executionMs?: number
  /** Of all servers. @default the machine's clock, which fake timers replace */
  readonly clock?: Clock
  /** What msw does with a request that no mocked server takes. @default 'error' */
  readonly onUnhandledFrame?: 'error' | 'warn' | 'bypass'
}

/** The whole made-up world, intercepting. */
export interface MockServers {
  /** The app's issuer, `https://tenant.behalf.example/`. */
  readonly authorizationServer: MockAuthorizationServer
  /** The issuer behind the vault's `stocktrade` connection, `https://login.stocktrade.example/`. */
  readonly upstream: MockAuthorizationServer
  readonly openFga: MockOpenFga
  readonly stockTrade: MockStockTrade
  /** Clients registered at the app's issuer, with their credentials. */
  readonly clients: ProtocolTarget['clients']
  /** msw's server: `use` more handlers here. */
  readonly msw: SetupServer
  /** All servers back to the beginning, accounts linked. */
  reset(): Promise<void>
  /** Ends interception. A second call does nothing. */
  close(): void
}

/**
 * Starts the two issuers, OpenFGA and the Stock Trade API as msw handlers, and intercepts from then on.
 *
 * The world: users `ann` and `bob`, linked to their upstream accounts; portfolios `p-ann` and `p-bob`;
 * the agent `agent:trader`, allowed to act for both. Nobody is signed in. One set at a time in a process: msw
 * patches the global `fetch`.
 *
 * @throws {@link TestingError} An unknown option key.
 */
export async function startMockServers(options: MockServersOptions = {}): Promise<MockServers> {
  const known = ['algorithm', 'ciba', 'users', 'executionMs', 'clock', 'onUnhandledFrame']
  refuseUnknownKeys('startMockServers', options, known)
  const clients = await world.makeClients()
  const servers = makeServers(options, clients.known)
  const { authorizationServer, upstream, openFga, stockTrade } = servers
  const msw = setupServer(...[authorizationServer, upstream, openFga, stockTrade].flatMap((server) => server.handlers))
  await linkAccounts(authorizationServer)
  let closed = false
  msw.listen({ onUnhandledFrame: options.onUnhandledFrame ?? 'error' })
  return {
    ...servers,
    clients: clients.held,
    msw,
    async reset() {
      msw.resetHandlers()
      for (const { controls } of [authorizationServer, upstream, openFga, stockTrade]) await controls.reset()
      await linkAccounts(authorizationServer)
    },
    close() {
      if (!closed) msw.close()
      closed = true
    },
  }
}

function makeServers(options: MockServersOptions, clients: Awaited<ReturnType<typeof world.makeClients>>['known']) {
  const { algorithm = 'RS256', clock = machineClock } = options
  const upstream = createMockAuthorizationServer({
    issuer: world.UPSTREAM_ISSUER,
    clients: [{ clientId: world.VAULT_CLIENT, clientSecret: crypto.randomUUID() }],
    users: world.UPSTREAM_USERS,
    resources: [world.API],
    algorithm,
    clock,
  })
  const authorizationServer = createMockAuthorizationServer({
    issuer: world.ISSUER,
    clients,
    users: [...world.APP_USERS, ...(options.users ?? [])],
    resources: world.APP_RESOURCES,
    connections: [
      { name: world.CONNECTION, server: upstream, clientId: world.VAULT_CLIENT, resource: world.API_RESOURCE },
    ],
    algorithm,
    ...(options.ciba && { ciba: options.ciba }),
    clock,
  })
  const openFga = createMockOpenFga({ tuples: world.makeTuples(clock.now()), clock })
  const stockTrade = createMockStockTrade({
    origin: world.API_ORIGIN,
    issuers: [world.ISSUER, world.UPSTREAM_ISSUER],
    audience: world.API_RESOURCE,
    accounts: world.ACCOUNTS,
    executionMs: options.executionMs ?? 0,
    clock,
  })
  return { authorizationServer, upstream, openFga, stockTrade }
}

async function linkAccounts({ controls }: MockAuthorizationServer): Promise<void> {
  for (const { subject, upstreamSubject } of Object.values(world.USERS)) {
    await controls.connect(subject, world.CONNECTION, { upstreamSubject, scopes: ['portfolio:read'] })
  }
}

import type { Clock, Fetch } from '@behalf/core'
import type { ApprovalGateOptions } from '@behalf/core/resource-server'
import type { HttpHandler } from 'msw'
import { machineClock } from '../clock.ts'
import type { Fault } from '../http/faults.ts'
import { createFrontDoor, type FrontDoor, mount } from '../http/front-door.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import { refuseUnknownKeys } from '../testing-error.ts'
import { DEFAULT_PRICES, Ledger, type StockAccount, type StockOrder } from './ledger.ts'
import { createProtection } from './protect.ts'
import { createStockTradeServer, type StockTradeServer } from './stock-trade-server.ts'

/** Options of {@link createStockTradeApi}. */
export interface StockTradeApiOptions {
  /** Issuers whose tokens are accepted, exactly as the tokens write them. */
  readonly issuers: readonly string[]
  /** The API's own identifier, which must be in `aud`. */
  readonly audience: string
  /** The customers. A token of any other subject is answered 403. */
  readonly accounts: readonly StockAccount[]
  /** US dollars by symbol. @default five well-known shares */
  readonly prices?: Readonly<Record<string, number>>
  /** Fetches metadata and keys of the issuers. @default the global `fetch`, read at each call */
  readonly fetch?: Fetch
  /** Time of the API. @default the machine's clock, which fake timers replace */
  readonly clock?: Clock
  /** Time that an order takes, in milliseconds, on `setTimeout`. @default 0 */
  readonly executionMs?: number
  /** Store of the used approvals, for an API that outlives its process. @default in memory */
  readonly approvals?: Pick<ApprovalGateOptions, 'store' | 'keys'>
}

/** An endpoint of the Stock Trade API, by name. */
export type StockTradeEndpoint = 'prices' | 'portfolios' | 'orders' | 'place-order'

/** Controls by which a test changes the Stock Trade API. Async, so that the same test drives one over HTTP. */
export interface StockTradeControls {
  /** Orders that were carried out in a portfolio, oldest first. */
  orders(portfolio: string): Promise<readonly StockOrder[]>
  /** Lets something go wrong at an endpoint. @throws TestingError The endpoint or the fault is unknown. */
  fault(endpoint: StockTradeEndpoint, fault: Fault): Promise<void>
  /** Requests to the API in order, without secrets. At most the last 5,000. */
  requests(): Promise<readonly LoggedRequest[]>
  /** Portfolios as in the beginning; no orders, keys or faults, an empty log. */
  reset(): Promise<void>
}

/** The Stock Trade API under an origin. */
export interface MockStockTrade {
  /** Origin of the API, such as `https://api.stocktrade.example`. */
  readonly origin: string
  /** Handlers for `setupServer` of `msw/node`. */
  readonly handlers: readonly HttpHandler[]
  /** Orders, faults and log, for tests. */
  readonly controls: StockTradeControls
  /** Handles a request without msw. @returns `undefined` for a path that is not one of its endpoints */
  handle(request: Request): Promise<Response | undefined>
}

interface Parts {
  readonly ledger: Ledger
  readonly server: StockTradeServer
  readonly door: FrontDoor
}

/**
 * Makes a stock exchange's API as one fetch-style handler: mount it in msw, in a Node server, or call it.
 *
 * It uses `@behalf/core/resource-server` as any API would: it verifies tokens, bearer or bound to a key (DPoP), and an
 * approved token places the approved order once. It maps (`iss`, `sub`) to an account, sets prices itself, and honours
 * `Idempotency-Key` within the account. State is in memory.
 *
 * Endpoints: `GET /prices/:symbol` (public), `GET /portfolios/:id` and `GET /portfolios/:id/orders` (`portfolio:read`),
 * `POST /orders` (`trade:write` with `authorization_details`, or `trade:small`). A token without details places orders
 * under `trade:write` if the account trusts its client (`trustedClients`).
 *
 * @throws {@link TestingError} An unknown option key.
 */
export function createStockTradeApi(options: StockTradeApiOptions): (request: Request) => Promise<Response> {
  const { door } = partsOf(options)
  return async (request) => (await door.handle(request)) ?? new Response(null, { status: 404 })
}

/** The same API under an origin, with msw handlers and controls. */
export function createMockStockTrade(options: StockTradeApiOptions & { readonly origin: string }): MockStockTrade {
  const { origin, ...rest } = options
  const { ledger, server, door } = partsOf(rest)
  return {
    origin,
    handlers: [mount(origin, door.handle)],
    handle: door.handle,
    controls: {
      orders: async (portfolio) => ledger.ordersOf(portfolio),
      fault: async (endpoint, fault) => door.faults.add(endpoint, fault),
      requests: async () => door.log.entries(),
      async reset() {
        server.reset()
        door.log.clear()
        door.faults.clear()
      },
    },
  }
}

function partsOf(options: StockTradeApiOptions): Parts {
  const known = ['issuers', 'audience', 'accounts', 'prices', 'fetch', 'clock', 'executionMs', 'approvals']
  refuseUnknownKeys('createStockTradeApi', options, known)
  const { issuers, audience, accounts, executionMs = 0 } = options
  const clock = options.clock ?? machineClock
  const ledger = new Ledger(accounts, options.prices ?? DEFAULT_PRICES, clock)
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const protect = createProtection({ issuers, audience, fetch, clock })
  const server = createStockTradeServer({ protect, ledger, clock, executionMs, approvals: options.approvals })
  return { ledger, server, door: createFrontDoor(server.routes, clock) }
}

import type {
  FgaTuple,
  MadeUpWorld,
  OpenFgaControls,
  StockAccount,
  StockOrder,
  StockTradeControls,
} from '@behalf/testing'
import type { SandboxData, ServerStorage } from '../data/index.ts'
import type { FetchHandler } from '../http/fetch-listener.ts'

/** State of the exchange and of OpenFGA from an earlier run, if there is one. */
export interface KeptBooks {
  readonly accounts: readonly StockAccount[]
  readonly tuples: readonly FgaTuple[]
  /** Keeps the orders before an order's answer leaves. */
  afterOrder(handle: FetchHandler, controls: StockTradeControls): FetchHandler
  /** Keeps the relations before a write's answer leaves. */
  afterWrite(handle: FetchHandler, controls: OpenFgaControls): FetchHandler
}

const ORDERS = 'orders'
const TUPLES = 'tuples'
const GIVEN = 'tuples-given'

export function keptBooks(world: MadeUpWorld, data: SandboxData | undefined): KeptBooks {
  const shelf = data?.shelf('api')
  const orders = (shelf?.read(ORDERS) ?? {}) as Readonly<Record<string, readonly StockOrder[]>>
  const accounts = world.accounts.map((account) => ({
    ...account,
    portfolios: account.portfolios.map((seed) => ({ ...seed, orders: orders[seed.id] ?? [] })),
  }))
  const portfolios = accounts.flatMap((account) => account.portfolios.map(({ id }) => id))
  const after = (
    isDue: (request: Request) => boolean,
    keep: () => Promise<void>,
    handle: FetchHandler,
  ): FetchHandler =>
    shelf === undefined
      ? handle
      : async (request) => {
          const response = await handle(request)
          if (isDue(request)) await keep()
          return response
        }
  return {
    accounts,
    tuples: keptTuples(world.tuples(Date.now()), shelf),
    afterOrder: (handle, controls) =>
      after(
        ({ method, url }) => method === 'POST' && new URL(url).pathname === '/orders',
        async () => {
          const all = await Promise.all(portfolios.map(async (id) => [id, await controls.orders(id)] as const))
          shelf?.write(ORDERS, Object.fromEntries(all))
        },
        handle,
      ),
    afterWrite: (handle, controls) =>
      after(
        ({ url }) => url.endsWith('/write'),
        async () => shelf?.write(TUPLES, await controls.tuples()),
        handle,
      ),
  }
}

/**
 * Returns the relations of an earlier run, and those of people who were not in its seed. A removed relation stays
 * removed.
 */
function keptTuples(given: readonly FgaTuple[], shelf: ServerStorage | undefined): readonly FgaTuple[] {
  const keyOf = ({ user, relation, object }: FgaTuple) => JSON.stringify([user, relation, object])
  const kept = shelf?.read(TUPLES) as readonly FgaTuple[] | undefined
  const givenBefore = (shelf?.read(GIVEN) ?? []) as readonly string[]
  const known = new Set([...givenBefore, ...(kept ?? []).map(keyOf)])
  shelf?.write(GIVEN, [...new Set([...givenBefore, ...given.map(keyOf)])])
  if (kept === undefined) return given
  const tuples = [...kept, ...given.filter((tuple) => !known.has(keyOf(tuple)))]
  shelf?.write(TUPLES, tuples)
  return tuples
}

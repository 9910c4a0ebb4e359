import {
  createGuard,
  currentCall,
  type Guard,
  may,
  type Outcome,
  object,
  policy,
  resource,
  type UserIdentity,
} from '@behalf/core'
import { signIn, TestingError } from '@behalf/testing'
import * as z from 'zod/mini'
import { guardOptionsOf, personOf, type SandboxSettings } from '../start/index.ts'
import type { ControlPlace } from './control-file.ts'
import { loginAt, settingsAt, whileItRuns } from './login-at.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string().check(z.regex(/^[A-Z][A-Z0-9.]{0,9}$/)),
  quantity: z.int().check(z.positive()),
})
type Order = z.infer<typeof Order>

const Placed = z.object({ id: z.string(), price: z.number(), total: z.number() })

export interface TryOptions {
  /** User for whom the agent acts. */
  readonly user: string
  /** Words of the order, such as `buy 50 AAPL`. */
  readonly words: readonly string[]
  readonly write: (text: string) => void
}

/**
 * Makes a purchase at a running sandbox: signs in, asks, waits for the phone, and places the order.
 * @returns the exit code
 */
export async function tryOrder(place: ControlPlace, { user, words, write }: TryOptions): Promise<number> {
  const settings = await settingsAt(place)
  const order = orderOf(words, personOf(settings.people, user).portfolio)
  return whileItRuns(place, async () => {
    const options = guardOptionsOf(settings)
    const login = { user, profile: options.authorizationServer, resource: settings.agentResource }
    const identity = await loginAt(place, settings, user, (target) => signIn(target, login))
    write(`${user} is signed in at ${settings.issuer}: their token is verified.\n`)
    write(`${settings.agentName} calls create_order ${JSON.stringify(order)}\n`)
    return placeOrder({ guard: createGuard(options), place, settings, identity, order, write })
  })
}

function orderOf(words: readonly string[], portfolio: string): Order {
  const [side = 'buy', quantity = '50', symbol = 'AAPL', ...rest] = words
  const parsed = Order.safeParse({ portfolio, side, quantity: Number(quantity), symbol: symbol.toUpperCase() })
  if (rest.length > 0 || !parsed.success) throw new TestingError('write it like this: try buy 50 AAPL')
  return parsed.data
}

interface Purchase {
  readonly guard: Guard
  readonly place: ControlPlace
  readonly settings: SandboxSettings
  readonly identity: UserIdentity
  readonly order: Order
  readonly write: (text: string) => void
}

async function placeOrder(purchase: Purchase): Promise<number> {
  const { order, place, write } = purchase
  const look = lookAgain(purchase)
  let isTold = false
  for (;;) {
    const outcome = await look()
    if (outcome.status === 'interrupted' && outcome.interrupt.kind === 'approval_pending') {
      if (!isTold) write(`It waits for ${order.portfolio.slice(2)}'s phone: approve or deny there.\n`)
      isTold = true
      await seconds(outcome.interrupt.interval ?? 5)
    } else if (outcome.status === 'unavailable') {
      await settingsAt(place)
      write(`Not now: ${outcome.message} It tries again.\n`)
      await seconds(outcome.retryAfter ?? 2)
    } else {
      return tellEnd(outcome, order, write)
    }
  }
}

type Result = { readonly placed: z.infer<typeof Placed> } | { readonly refused: unknown }

/** Makes the same call again: an interrupted call continues. */
function lookAgain({ guard, settings: { api }, identity, order }: Purchase): () => Promise<Outcome<Result>> {
  const createOrder = policy(Order, {
    permission: ({ input: { portfolio, symbol, side, quantity } }) =>
      may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
    approval: {
      when: ({ input }) => input.quantity > 10,
      message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
    },
    access: { trade: resource(api.resource, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
    writesOnlyBy: 'access',
  })
  const invocation = { tool: 'create_order', slot: `try:${crypto.randomUUID()}`, input: order, identity }
  return () =>
    guard.run(createOrder, invocation, async (input): Promise<Result> => {
      const { access, idempotencyKey } = currentCall(createOrder)
      const response = await access.trade.fetch(`${api.origin}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(input),
      })
      const body: unknown = await response.json()
      return response.ok ? { placed: Placed.parse(body) } : { refused: body }
    })
}

/** @returns the exit code */
function tellEnd(outcome: Outcome<Result>, { quantity, symbol }: Order, write: (text: string) => void): number {
  if (outcome.status !== 'done') {
    write(outcome.status === 'denied' ? `Not done (${outcome.code}): ${outcome.message}\n` : 'Not done.\n')
    return 1
  }
  const { result } = outcome
  if (!('placed' in result)) {
    write(`The exchange refused the order: ${JSON.stringify(result.refused)}\n`)
    return 1
  }
  const { id, price, total } = result.placed
  write(`Done: order ${id}, ${quantity} ${symbol} at $${price}, $${total.toFixed(2)} in all.\n`)
  return 0
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000))

import type { Clock } from '@behalf/core'
import type { Route } from '../http/front-door.ts'
import type { Received } from '../http/received.ts'
import { answer } from '../http/refusal.ts'
import { authorizeOrder } from './authorize-order.ts'
import { IdempotencyKeys, idempotencyKeyOf } from './idempotency.ts'
import type { Ledger, Portfolio } from './ledger.ts'
import { challenge, Problem } from './problem.ts'
import type { VerifiedAccessToken } from './verify-access-token.ts'
import { OrderBody } from './wire.ts'

export interface StockTradeServerOptions {
  readonly verify: (headers: Headers) => Promise<VerifiedAccessToken>
  readonly ledger: Ledger
  readonly clock: Clock
  readonly executionMs: number
}

/** The API's endpoints, and the memory that goes with them. */
export interface StockTradeServer {
  readonly routes: readonly Route[]
  reset(): void
}

export function createStockTradeServer(options: StockTradeServerOptions): StockTradeServer {
  const { ledger } = options
  const keys = new IdempotencyKeys()
  /** Which key used up an approval, by issuer and `jti`. */
  const approvals = new Map<string, string>()
  const route = (endpoint: string, method: Route['method'], path: RegExp, respond: Route['respond']): Route => ({
    endpoint,
    method,
    path,
    respond: (received, groups) => respond(received, groups).catch(problemOf),
  })
  return {
    routes: [
      route('prices', 'GET', /^\/prices\/([^/]+)$/, async (_received, [symbol = '']) => price(options, symbol)),
      route('portfolios', 'GET', /^\/portfolios\/([^/]+)$/, async (received, [id = '']) => {
        const { account } = await reader(options, received)
        return answer(ledger.show(ledger.portfolioOf(account, id)))
      }),
      route('orders', 'GET', /^\/portfolios\/([^/]+)\/orders$/, async (received, [id = '']) => {
        const { account } = await reader(options, received)
        return answer({ orders: ledger.portfolioOf(account, id).orders })
      }),
      route('place-order', 'POST', /^\/orders$/, (received) => placeOrder(options, keys, approvals, received)),
    ],
    reset() {
      ledger.reset()
      keys.clear()
      approvals.clear()
    },
  }
}

function problemOf(error: unknown): Response {
  if (error instanceof Problem) return error.toResponse()
  throw error
}

function price({ ledger, clock }: StockTradeServerOptions, symbol: string): Response {
  return answer({
    symbol,
    price: ledger.priceOf(symbol) / 100,
    currency: 'USD',
    asOf: new Date(clock.now()).toISOString(),
  })
}

async function caller(options: StockTradeServerOptions, { headers }: Received) {
  const token = await options.verify(headers)
  const account = options.ledger.accountOf(token)
  if (account === undefined) throw new Problem(403, 'unknown_account', 'no account belongs to this subject')
  return { token, account }
}

async function reader(options: StockTradeServerOptions, received: Received) {
  const { token, account } = await caller(options, received)
  if (!token.scopes.includes('portfolio:read')) {
    throw challenge(403, 'insufficient_scope', 'this needs portfolio:read', { scope: 'portfolio:read' })
  }
  return { account }
}

async function placeOrder(
  options: StockTradeServerOptions,
  keys: IdempotencyKeys,
  approvals: Map<string, string>,
  received: Received,
): Promise<Response> {
  const { token, account } = await caller(options, received)
  const order = orderOf(received)
  const right = authorizeOrder(token, order)
  const portfolio = options.ledger.portfolioOf(account, order.portfolio)
  const value = idempotencyKeyOf(received.headers)
  const fingerprint = JSON.stringify([order.portfolio, order.side, order.symbol, order.quantity])
  return keys.once({ account: account.id, value, fingerprint }, async () => {
    if (right === 'small') return execute(options, portfolio, order)
    const approval = JSON.stringify([token.issuer, token.tokenId])
    if (approvals.has(approval)) {
      throw new Problem(409, 'approval_used', 'this approval was used for an order under another Idempotency-Key')
    }
    approvals.set(approval, value)
    const response = await execute(options, portfolio, order)
    // An order that was not carried out leaves its approval unused.
    if (!response.ok) approvals.delete(approval)
    return response
  })
}

async function execute(options: StockTradeServerOptions, portfolio: Portfolio, order: OrderBody): Promise<Response> {
  if (options.executionMs > 0) await new Promise((resolve) => setTimeout(resolve, options.executionMs))
  try {
    return answer(options.ledger.place(portfolio, order), { status: 201 })
  } catch (error) {
    // Refused by the market, not by a fault: that is the answer to keep under the key.
    if (error instanceof Problem && error.status === 422) return error.toResponse()
    throw error
  }
}

function orderOf({ body, headers }: Received): OrderBody {
  if (!(headers.get('content-type') ?? '').startsWith('application/json')) {
    throw new Problem(415, 'unsupported_media_type', 'orders are application/json')
  }
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    throw new Problem(400, 'invalid_order', 'the body is no JSON')
  }
  const parsed = OrderBody.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Problem(400, 'invalid_order', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
  }
  return parsed.data
}

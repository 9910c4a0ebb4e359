import { type Clock, memoryStore } from '@behalf/core'
import {
  type ApprovalGate,
  type ApprovalGateOptions,
  createApprovalGate,
  type Passed,
} from '@behalf/core/resource-server'
import type { Route } from '../http/front-door.ts'
import type { Received } from '../http/received.ts'
import { answer } from '../http/refusal.ts'
import { authorizeOrder, detailOf } from './authorize-order.ts'
import type { Ledger, Portfolio, StockAccount } from './ledger.ts'
import { Problem } from './problem.ts'
import type { Protect } from './protect.ts'
import { OrderBody } from './wire.ts'

export interface StockTradeServerOptions {
  readonly protect: Protect
  readonly ledger: Ledger
  readonly clock: Clock
  readonly executionMs: number
  /** @default in memory */
  readonly approvals?: Pick<ApprovalGateOptions, 'store' | 'keys'> | undefined
}

/** The API's endpoints, and their state. */
export interface StockTradeServer {
  readonly routes: readonly Route[]
  reset(): void
}

export function createStockTradeServer(options: StockTradeServerOptions): StockTradeServer {
  const { ledger } = options
  const newGate = () => {
    const { clock, approvals = { store: memoryStore({ clock }) } } = options
    return createApprovalGate({ ...approvals, clock })
  }
  let gate = newGate()
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
        const { account } = await caller(options, received, ['portfolio:read'])
        return answer(ledger.show(ledger.portfolioOf(account, id)))
      }),
      route('orders', 'GET', /^\/portfolios\/([^/]+)\/orders$/, async (received, [id = '']) => {
        const { account } = await caller(options, received, ['portfolio:read'])
        return answer({ orders: ledger.portfolioOf(account, id).orders })
      }),
      route('place-order', 'POST', /^\/orders$/, (received) => placeOrder(options, gate, received)),
    ],
    reset() {
      ledger.reset()
      gate = newGate()
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

async function caller(options: StockTradeServerOptions, received: Received, scopes: readonly string[] = []) {
  const { method, url, headers } = received
  const token = await options.protect({ method, url: url.href, headers }, scopes)
  return { token, account: accountOf(options.ledger, token) }
}

function accountOf(ledger: Ledger, { identity }: Passed): StockAccount {
  const subject = identity.kind === 'user' ? identity.subject : identity.clientId
  const account = ledger.accountOf({ issuer: identity.issuer, subject })
  if (account === undefined) throw new Problem(403, 'unknown_account', 'no account belongs to this subject')
  return account
}

async function placeOrder(options: StockTradeServerOptions, gate: ApprovalGate, received: Received): Promise<Response> {
  const { token, account } = await caller(options, received)
  const order = orderOf(received)
  const right = authorizeOrder(token, order, account)
  const portfolio = options.ledger.portfolioOf(account, order.portfolio)
  // Checked before the key is consumed: an order for an unknown share is refused without effect.
  options.ledger.priceOf(order.symbol)
  const run = right === 'approval' ? gate.runApproved : gate.runOnce
  return run(received, token, detailOf(order), () => execute(options, portfolio, order), { account: account.id })
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

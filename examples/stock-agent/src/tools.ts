import { defineTool, may, object, resource } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import * as z from 'zod/mini'
import { Orders, type PlacedOrder, PlacedOrder as PlacedOrderBody, Portfolio, Price, Problem } from './wire.ts'

/**
 * Address of the Stock Trade API, unless the environment names another. As a resource, its identifier ends in a slash.
 */
export const API = process.env.STOCK_TRADE_API ?? 'https://api.stocktrade.example'

/** The Stock Trade API answered with something that is neither a result nor a refusal by the market. */
export class StockTradeError extends Error {
  override readonly name = 'StockTradeError'
  readonly code = 'ERR_STOCK_TRADE'
  readonly status: number

  constructor(status: number, detail: string) {
    super(`the Stock Trade API answered ${status}: ${detail}`)
    this.status = status
  }
}

/** An order that the market did not take: a definite answer, so nothing is in doubt. */
export interface RefusedOrder {
  readonly status: 'refused'
  readonly reason: string
}

const PortfolioId = z.string().check(z.regex(/^[\w.-]{1,64}$/))
const Ticker = z.string().check(z.regex(/^[A-Z][A-Z0-9.]{0,9}$/))

/** A larger order needs an approval. The API enforces the same limit. */
const SMALL_ORDER = 10

/** Orders of more shares than this need the approval of the account's supervisor, if it has one. */
const LARGE_ORDER = 1_000

/** Supervisor of the accounts: a subject of the users' own issuer. The app names them, never the model. */
const SUPERVISOR = process.env.STOCK_TRADE_SUPERVISOR

const readAccount = connection('stocktrade', { scopes: ['portfolio:read'], origins: [API] })

const getStockPrice = defineTool({
  name: 'get_stock_price',
  description: 'The current price of a share, by its symbol.',
  input: z.strictObject({ symbol: Ticker }),
  public: true,
  async run({ symbol }): Promise<Price | { unknown: string }> {
    const response = await fetch(`${API}/prices/${encodeURIComponent(symbol)}`)
    return response.status === 404 ? { unknown: symbol } : read(response, Price)
  },
})

const whoami = defineTool({
  name: 'whoami',
  description: 'Who the signed-in user is.',
  input: z.strictObject({}),
  /** Uses only the verified token, and nothing from the model. */
  run(_, { identity }) {
    if (identity?.kind !== 'user') return { kind: 'agent', issuer: identity?.issuer }
    const { subject, issuer, acr, authTime, claims } = identity
    return { kind: 'user', subject, issuer, roles: claims.roles, acr, signedInAt: authTime }
  },
})

const getPortfolio = defineTool({
  name: 'get_portfolio',
  description: 'Cash and holdings of a portfolio.',
  input: z.strictObject({ portfolio: PortfolioId }),
  permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
  access: { trade: readAccount },
  run: async ({ portfolio }, { access }): Promise<Portfolio> =>
    read(await access.trade.fetch(`${API}/portfolios/${encodeURIComponent(portfolio)}`), Portfolio),
})

const Order = z.strictObject({
  portfolio: PortfolioId,
  side: z.enum(['buy', 'sell']),
  symbol: Ticker,
  quantity: z.int().check(z.positive(), z.maximum(1_000_000)),
})
export type Order = z.infer<typeof Order>

const createOrder = defineTool({
  name: 'create_order',
  description: 'Buys or sells shares at the market price.',
  input: Order,
  permission: ({ input: { portfolio, symbol, side, quantity } }) =>
    may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
  approval: {
    when: ({ input }) => input.quantity > SMALL_ORDER,
    message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
    details: ({ input }) => [{ ...input, type: 'stock_order' }],
    approver: ({ input, identity: { issuer, tenant, subject } }) => ({
      issuer,
      ...(tenant !== undefined && { tenant }),
      subject: input.quantity > LARGE_ORDER ? (SUPERVISOR ?? subject) : subject,
    }),
  },
  // If approved, the token of the approval. If small, a weaker token by exchange.
  access: { trade: resource(`${API}/`, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
  writesOnlyBy: 'access',
  async run(order, { access, idempotencyKey }): Promise<PlacedOrder | RefusedOrder> {
    const response = await access.trade.fetch(`${API}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(order),
    })
    if (response.status === 422) return { status: 'refused', reason: await problemIn(response) }
    return read(response, PlacedOrderBody)
  },
})

const listOrders = defineTool({
  name: 'list_orders',
  description: 'The orders that were carried out in a portfolio.',
  input: z.strictObject({ portfolio: PortfolioId }),
  permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
  access: { trade: readAccount },
  run: async ({ portfolio }, { access }): Promise<z.infer<typeof Orders>> =>
    read(await access.trade.fetch(`${API}/portfolios/${encodeURIComponent(portfolio)}/orders`), Orders),
})

/** The tools, for every framework: schema, rules and body of each. */
export const tools = [getStockPrice, whoami, getPortfolio, createOrder, listOrders] as const

export type ToolName = (typeof tools)[number]['name']

/** Requirements of each tool, by its name. */
export const policies = {
  get_stock_price: getStockPrice.policy,
  whoami: whoami.policy,
  get_portfolio: getPortfolio.policy,
  create_order: createOrder.policy,
  list_orders: listOrders.policy,
}

/** The schemas of two tools, for other policies over the same input. */
export const inputs = { get_portfolio: getPortfolio.input, create_order: Order }

async function read<Schema extends z.ZodMiniType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  if (!response.ok) throw new StockTradeError(response.status, await problemIn(response))
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) throw new StockTradeError(response.status, 'a body of an unknown form')
  return parsed.data
}

async function problemIn(response: Response): Promise<string> {
  const parsed = Problem.safeParse(await response.json().catch(() => undefined))
  return parsed.success ? (parsed.data.detail ?? parsed.data.title) : 'no reason given'
}

import { connection, may, object, policy, publicTool, resource } from '@behalf/core'
import * as z from 'zod/mini'

/** Where the Stock Trade API is, unless the environment says otherwise. As a resource its identifier ends in a slash. */
export const API = process.env.STOCK_TRADE_API ?? 'https://api.stocktrade.example'

const PortfolioId = z.string().check(z.regex(/^[\w.-]{1,64}$/))
const Ticker = z.string().check(z.regex(/^[A-Z][A-Z0-9.]{0,9}$/))

/** What the model may write, by tool. Adapters show these to a real model. */
export const inputs = {
  get_stock_price: z.strictObject({ symbol: Ticker }),
  whoami: z.strictObject({}),
  get_portfolio: z.strictObject({ portfolio: PortfolioId }),
  create_order: z.strictObject({
    portfolio: PortfolioId,
    side: z.enum(['buy', 'sell']),
    symbol: Ticker,
    quantity: z.int().check(z.positive(), z.maximum(1_000_000)),
  }),
  list_orders: z.strictObject({ portfolio: PortfolioId }),
}

export type Order = z.infer<typeof inputs.create_order>

/** An order of more shares than this is asked about; the API holds the same line. */
const SMALL_ORDER = 10

/** An order of more shares than this is for the account's supervisor to approve, where it has one. */
const LARGE_ORDER = 1_000

/** Who watches over the accounts: a subject of the users' own issuer. The app says so, never the model. */
const SUPERVISOR = process.env.STOCK_TRADE_SUPERVISOR

const readAccount = connection('stocktrade', { scopes: ['portfolio:read'], origins: [API] })

/** What each tool needs. A tool that is not here does not run. */
export const policies = {
  get_stock_price: publicTool(inputs.get_stock_price),
  whoami: policy(inputs.whoami, {}),
  get_portfolio: policy(inputs.get_portfolio, {
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: readAccount },
  }),
  create_order: policy(inputs.create_order, {
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
    // Approved: the token that the approval gave. Small: one exchanged for the user's, and weaker.
    access: { trade: resource(`${API}/`, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
  }),
  list_orders: policy(inputs.list_orders, {
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: readAccount },
  }),
}

export type ToolName = keyof typeof policies

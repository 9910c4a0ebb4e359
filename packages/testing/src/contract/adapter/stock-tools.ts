import { currentCall, may, object, policy, publicTool, resource } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import * as z from 'zod'

const Portfolio = z.strictObject({ portfolio: z.string() })
const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})
const Nothing = z.strictObject({})
const Share = z.strictObject({ symbol: z.string() })

/** Address of the API, and the vault's connection to it. */
export interface StockPlaces {
  /** Origin of the Stock Trade API, and its identifier as a resource. */
  readonly api: { readonly origin: string; readonly resource: string }
  /** Name of the vault's connection to the upstream. */
  readonly connection: string
}

const mocked: StockPlaces = {
  api: { origin: 'https://api.stocktrade.example', resource: 'https://api.stocktrade.example/' },
  connection: 'stocktrade',
}

/**
 * Returns the stock agent's policies, and its tools without a framework. An adapter's tests convert them.
 *
 * @param places - @default those of `startMockServers`
 */
export function stockTools({ api, connection: name }: StockPlaces = mocked) {
  const policies = {
    get_stock_price: publicTool(Share),
    whoami: policy(Nothing, {}),
    get_portfolio: policy(Portfolio, {
      permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
      access: { trade: connection(name, { scopes: ['portfolio:read'], origins: [api.origin] }) },
    }),
    create_order: policy(Order, {
      permission: ({ input: { portfolio, symbol, side, quantity } }) =>
        may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
      approval: {
        when: ({ input }) => input.quantity > 10,
        message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
        details: ({ input }) => [{ ...input, type: 'stock_order' }],
      },
      access: { trade: resource(api.resource, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
      writesOnlyBy: 'access',
    }),
    close_account: policy(Portfolio, {
      visibleWhen: () => may('can_close', object('portfolio', 'p-ann')),
      permission: ({ input }) => may('can_close', object('portfolio', input.portfolio)),
    }),
  }
  const tools = {
    get_stock_price: {
      description: 'What a share costs',
      inputSchema: Share,
      execute: async ({ symbol }: z.infer<typeof Share>) => {
        const response = await fetch(`${api.origin}/prices/${symbol}`)
        return (await response.json()) as { readonly symbol: string; readonly price: number }
      },
    },
    whoami: {
      description: 'Who the user is',
      inputSchema: Nothing,
      execute: async () => {
        const { identity } = currentCall(policies.whoami)
        return { subject: identity?.kind === 'user' ? identity.subject : null, clientId: identity?.clientId }
      },
    },
    get_portfolio: {
      description: 'Cash and holdings',
      inputSchema: Portfolio,
      execute: async ({ portfolio }: z.infer<typeof Portfolio>) => {
        const { access } = currentCall(policies.get_portfolio)
        return (await access.trade.fetch(`${api.origin}/portfolios/${portfolio}`)).json()
      },
    },
    create_order: {
      description: 'Places an order',
      inputSchema: Order,
      execute: async (order: z.infer<typeof Order>) => {
        const { access, idempotencyKey } = currentCall(policies.create_order)
        const response = await access.trade.fetch(`${api.origin}/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
          body: JSON.stringify(order),
        })
        if (!response.ok) throw new Error(`the API refused: ${response.status} ${await response.text()}`)
        return (await response.json()) as { readonly id: string; readonly quantity: number }
      },
    },
    close_account: { description: 'Closes an account', inputSchema: Portfolio, execute: async () => 'closed' },
  }
  return { policies, tools }
}

/** Returns the input of an order. Above ten shares, it needs an approval. */
export const buy = (quantity: number, over: Readonly<Record<string, unknown>> = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})

import { connection, currentCall, may, object, policy, publicTool, resource } from '@behalf/core'
import type { ProtocolTarget } from '@behalf/testing'
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

/** The stock agent's policies and tools, where the servers of a target are. */
export function stockTools({ api, connection: name }: Pick<ProtocolTarget, 'api' | 'connection'>) {
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
      execute: async ({ symbol }: z.infer<typeof Share>) => (await fetch(`${api.origin}/prices/${symbol}`)).json(),
    },
    whoami: {
      inputSchema: Nothing,
      execute: async () => {
        const { identity } = currentCall(policies.whoami)
        return identity?.kind === 'user'
          ? { subject: identity.subject, clientId: identity.clientId }
          : { subject: null }
      },
    },
    get_portfolio: {
      inputSchema: Portfolio,
      execute: async ({ portfolio }: z.infer<typeof Portfolio>) => {
        const { access } = currentCall(policies.get_portfolio)
        return (await access.trade.fetch(`${api.origin}/portfolios/${portfolio}`)).json()
      },
    },
    create_order: {
      inputSchema: Order,
      execute: async (order: z.infer<typeof Order>) => {
        const { access, idempotencyKey } = currentCall(policies.create_order)
        const response = await access.trade.fetch(`${api.origin}/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
          body: JSON.stringify(order),
        })
        if (!response.ok) throw new Error(`the API refused: ${response.status} ${await response.text()}`)
        return response.json()
      },
    },
    close_account: { inputSchema: Portfolio, execute: async () => 'closed' },
  }
  return { policies, tools }
}

export const buy = (quantity: number, over: object = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})

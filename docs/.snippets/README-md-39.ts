






































import { connection, currentCall, may, object, policy, publicTool, resource } from '@behalf/core'
import * as z from 'zod'

const API = 'https://api.stocktrade.example'
const Price = z.strictObject({ symbol: z.string() })
const Nothing = z.strictObject({})
const Portfolio = z.strictObject({ portfolio: z.string() })
const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})

export const policies = {
  get_stock_price: publicTool(Price), // level 1: public
  whoami: policy(Nothing, {}), // level 2: knows the user
  get_portfolio: policy(Portfolio, {
    // level 3: acts for the user
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: [API] }) },
  }),
  create_order: policy(Order, {
    // level 4: asks the user
    permission: ({ input: { portfolio, symbol, side, quantity } }) =>
      may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
    approval: {
      when: ({ input }) => input.quantity > 10,
      message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
    },
    access: { trade: resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
  }),
}

export async function createOrder(order: z.infer<typeof Order>) {
  const { access, idempotencyKey } = currentCall(policies.create_order)
  const response = await access.trade.fetch(`${API}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(order),
  })
  return response.json()
}




























































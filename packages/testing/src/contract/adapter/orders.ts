import { type Credential, may, object, resource } from '@behalf/core'
import * as z from 'zod'

/** Origin of the Stock Trade API. */
export const API = 'https://api.stocktrade.example'

export const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})
export type Order = z.infer<typeof Order>

/** Rules of a tool that places orders. An order of more than 10 shares asks its user. */
export const orders = {
  permission: ({ input }: { readonly input: Order }) =>
    may('can_trade', object('portfolio', input.portfolio), {
      context: { symbol: input.symbol, side: input.side, amount: input.quantity },
    }),
  access: { trade: resource(`${API}/`, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
  writesOnlyBy: 'access' as const,
  approval: {
    when: ({ input }: { readonly input: Order }) => input.quantity > 10,
    message: ({ input }: { readonly input: Order }) => `Buy ${input.quantity} shares of ${input.symbol}`,
    details: ({ input }: { readonly input: Order }) => [{ ...input, type: 'stock_order' }],
  },
}

/** Parts of a call that place an order. */
interface OrderingCall {
  readonly access: { readonly trade: Credential }
  readonly idempotencyKey: string
}

/** Places an order, with the credential of a call. */
export async function createOrder(order: Order, { access, idempotencyKey }: OrderingCall) {
  const response = await access.trade.fetch(`${API}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(order),
  })
  if (!response.ok) throw new Error(`the API refused: ${response.status} ${await response.text()}`)
  return (await response.json()) as { readonly id: string; readonly quantity: number }
}

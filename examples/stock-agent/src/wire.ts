import * as z from 'zod/mini'

/** Answers of the Stock Trade API. Prices and totals are US dollars. */
export const Price = z.object({ symbol: z.string(), price: z.number(), currency: z.string(), asOf: z.string() })

export const Portfolio = z.object({
  id: z.string(),
  currency: z.string(),
  cash: z.number(),
  holdings: z.array(z.object({ symbol: z.string(), quantity: z.number(), price: z.number(), value: z.number() })),
})

export const PlacedOrder = z.object({
  id: z.string(),
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.number(),
  price: z.number(),
  total: z.number(),
  status: z.literal('filled'),
  placedAt: z.string(),
})

export const Orders = z.object({ orders: z.array(PlacedOrder) })

/** Schema of an API's problem (RFC 9457). */
export const Problem = z.object({ title: z.string(), detail: z.optional(z.string()) })

export type Price = z.infer<typeof Price>
export type Portfolio = z.infer<typeof Portfolio>
export type PlacedOrder = z.infer<typeof PlacedOrder>

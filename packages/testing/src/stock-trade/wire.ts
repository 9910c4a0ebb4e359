import * as z from 'zod/mini'

/** An order as the caller writes it. No price: the exchange sets it. */
export const OrderBody = z.strictObject({
  portfolio: z.string().check(z.regex(/^[\w.-]{1,64}$/)),
  side: z.enum(['buy', 'sell']),
  symbol: z.string().check(z.regex(/^[A-Z][A-Z0-9.]{0,9}$/)),
  quantity: z.int().check(z.positive(), z.maximum(1_000_000)),
})
export type OrderBody = z.infer<typeof OrderBody>

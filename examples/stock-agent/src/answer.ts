import type { Outcome } from '@behalf/core'
import type { RefusedOrder, ToolName } from './tools.ts'
import type { PlacedOrder, Portfolio, Price } from './wire.ts'

const dollars = (amount: number) => amount.toLocaleString('en-US', { style: 'currency', currency: 'USD' })

/**
 * Returns the model's final answer: an outcome as a sentence for the user. It gets the fixed sentences, never the
 * trace.
 */
export function answerOf(tool: ToolName, outcome: Outcome<unknown>): string {
  switch (outcome.status) {
    case 'done':
      return sentences[tool](outcome.result)
    case 'denied':
    case 'unavailable':
      return `That was not done. ${outcome.message}`
    case 'interrupted':
      return outcome.interrupt.kind === 'approval_pending'
        ? `I am waiting for your answer: ${outcome.interrupt.message}`
        : outcome.interrupt.message
    default:
      return outcome satisfies never
  }
}

const sentences: Readonly<Record<ToolName, (result: unknown) => string>> = {
  get_stock_price(result) {
    const price = result as Price | { readonly unknown: string }
    return 'unknown' in price
      ? `There is no price for ${price.unknown}.`
      : `${price.symbol} is trading at ${dollars(price.price)}.`
  },
  whoami(result) {
    const { subject, issuer, roles } = result as { subject?: string; issuer?: string; roles?: readonly string[] }
    return `You are ${subject}, signed in at ${issuer}, with ${roles === undefined ? 'no role' : `the role ${roles.join(', ')}`}.`
  },
  get_portfolio(result) {
    const { id, cash, holdings } = result as Portfolio
    const shares = holdings.map(({ symbol, quantity, value }) => `${quantity} ${symbol} (${dollars(value)})`)
    return `Portfolio ${id}: ${[...shares, `${dollars(cash)} in cash`].join(', ')}.`
  },
  create_order(result) {
    const order = result as PlacedOrder | RefusedOrder
    if (order.status === 'refused') return `The market did not take the order: ${order.reason}.`
    const verb = order.side === 'buy' ? 'Bought' : 'Sold'
    return `${verb} ${order.quantity} ${order.symbol} at ${dollars(order.price)}, ${dollars(order.total)} in all.`
  },
  list_orders(result) {
    const { orders } = result as { readonly orders: readonly PlacedOrder[] }
    if (orders.length === 0) return 'There are no orders.'
    return `Orders: ${orders.map(({ side, quantity, symbol, price }) => `${side} ${quantity} ${symbol} at ${dollars(price)}`).join('; ')}.`
  },
}

import { displayText } from '@behalf/core/interrupts'

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

interface Placed {
  readonly side: string
  readonly quantity: number
  readonly symbol: string
  readonly price: number
  readonly total: number
}

/** Shows the placed order, or the reason why the market refused it. */
export function Order({ output }: { readonly output: unknown }) {
  const order = output as Partial<Placed> & { readonly status?: string; readonly reason?: string }
  if (order.status === 'refused') return <p>The market did not take the order: {displayText(order.reason ?? '')}</p>
  return (
    <dl>
      <dt>Order</dt>
      <dd>
        {order.side === 'sell' ? 'Sold' : 'Bought'} {displayText(order.quantity ?? '')}{' '}
        {displayText(order.symbol ?? '')}
      </dd>
      <dt>Price</dt>
      <dd>{dollars.format(order.price ?? 0)}</dd>
      <dt>Total</dt>
      <dd>{dollars.format(order.total ?? 0)}</dd>
    </dl>
  )
}

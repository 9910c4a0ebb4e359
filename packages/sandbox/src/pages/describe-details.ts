import { type DisplayText, displayText } from '@behalf/core/interrupts'

/** A line of a request that a person must decide on. */
export interface DetailLine {
  readonly label: DisplayText
  readonly text: DisplayText
}

/** Returns the price of one share in US dollars, if the exchange knows it. */
export type Quote = (symbol: string) => Promise<number | undefined>

type Detail = Readonly<Record<string, unknown>>

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** Describes authorization details for a person. Shows unknown details unchanged, and omits nothing. */
export async function describeDetails(detail: unknown, quote: Quote): Promise<readonly DetailLine[]> {
  if (typeof detail !== 'object' || detail === null) return [lineOf('Details', detail)]
  const { type, side, quantity, symbol, ...rest } = detail as Detail
  const isOrder = typeof symbol === 'string' && typeof quantity === 'number' && (side === 'buy' || side === 'sell')
  if (!isOrder) return linesOf(detail as Detail)
  const price = await quote(symbol).catch(() => undefined)
  // Shows the exact quantity: a rounded one would be another order.
  const shares = `${displayText(quantity)} ${quantity === 1 ? 'share' : 'shares'}`
  const about = price === undefined ? '' : `, about ${aboutDollars(price * quantity)}`
  return [
    lineOf('Order', `${side === 'buy' ? 'Buy' : 'Sell'} ${symbol}`),
    lineOf('Amount', `${shares}${about}`),
    ...linesOf(rest),
    ...(type === undefined || type === 'stock_order' ? [] : linesOf({ type })),
  ]
}

function linesOf(detail: Detail): readonly DetailLine[] {
  const { amount, currency, ...rest } = detail
  const isMoney = ['string', 'number'].includes(typeof amount) && typeof currency === 'string'
  return [
    ...(isMoney ? [lineOf('Amount', `${typeof amount === 'string' ? amount : displayText(amount)} ${currency}`)] : []),
    ...Object.entries(isMoney ? rest : detail).map(([name, value]) => lineOf(labelOf(name), value)),
  ]
}

const lineOf = (label: string, value: unknown): DetailLine => ({ label: displayText(label), text: displayText(value) })

function aboutDollars(amount: number): string {
  return amount > 0 && amount < 0.01 ? `less than ${dollars.format(0.01)}` : dollars.format(amount)
}

function labelOf(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').replaceAll(/([a-z])([A-Z])/g, '$1 $2')
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase()
}

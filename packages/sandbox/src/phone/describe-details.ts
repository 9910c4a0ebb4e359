/** A line of what a person is asked to agree to. */
export interface DetailLine {
  readonly label: string
  readonly text: string
}

/** US dollars for one share, where the exchange knows it. */
export type Quote = (symbol: string) => Promise<number | undefined>

type Detail = Readonly<Record<string, unknown>>

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/**
 * Authorization details as a person would want to read them. What is not known is shown as it is: nothing is left out.
 */
export async function describeDetails(detail: unknown, quote: Quote): Promise<readonly DetailLine[]> {
  if (typeof detail !== 'object' || detail === null) return [{ label: 'Details', text: plain(JSON.stringify(detail)) }]
  const { type, side, quantity, symbol, ...rest } = detail as Detail
  const isOrder = typeof symbol === 'string' && typeof quantity === 'number' && (side === 'buy' || side === 'sell')
  if (!isOrder) return linesOf(detail as Detail)
  const price = await quote(symbol).catch(() => undefined)
  const shares = `${quantity.toLocaleString('en-US')} ${quantity === 1 ? 'share' : 'shares'}`
  const about = price === undefined ? '' : `, about ${dollars.format(price * quantity)}`
  return [
    { label: 'Order', text: plain(`${side === 'buy' ? 'Buy' : 'Sell'} ${symbol}`) },
    { label: 'Amount', text: `${shares}${about}` },
    ...linesOf(rest),
    ...(type === undefined || type === 'stock_order' ? [] : linesOf({ type })),
  ]
}

function linesOf(detail: Detail): readonly DetailLine[] {
  const { amount, currency, ...rest } = detail
  const isMoney = ['string', 'number'].includes(typeof amount) && typeof currency === 'string'
  return [
    ...(isMoney ? [{ label: 'Amount', text: plain(`${String(amount)} ${String(currency)}`) }] : []),
    ...Object.entries(isMoney ? rest : detail).map(([name, value]) => ({
      label: labelOf(name),
      text: plain(typeof value === 'string' ? value : JSON.stringify(value)),
    })),
  ]
}

function labelOf(name: string): string {
  const words = plain(name)
    .replaceAll(/[_-]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase()
}

/** Characters that are not seen, or that turn the order of others around, are shown as such. */
export function plain(text: string): string {
  return text.normalize('NFC').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}

import { challenge } from './problem.ts'
import type { VerifiedAccessToken } from './verify-access-token.ts'
import type { OrderBody } from './wire.ts'

/** The largest order that needs no approval, shares. */
export const SMALL_ORDER = 10

/** Why a token may place an order. `approval`: for this very order, and only once. */
export type OrderRight = 'approval' | 'small'

/**
 * Decides whether a token may place an order.
 *
 * Under `trade:write` the order must equal exactly one `stock_order` of the token's `authorization_details`, field
 * by field, no field more or less. Under `trade:small` it may have up to 10 shares, and the token no details.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-9.1 | RFC 9396 §9.1}
 */
export function authorizeOrder(token: VerifiedAccessToken, order: OrderBody): OrderRight {
  if (token.scopes.includes('trade:write')) {
    const equal = (token.authorizationDetails ?? []).filter((detail) => isEqual(detail, order))
    if (equal.length === 1) return 'approval'
    if (token.authorizationDetails !== undefined || !token.scopes.includes('trade:small')) {
      throw challenge(403, 'insufficient_authorization_details', 'the token was not approved for this order')
    }
  }
  if (!token.scopes.includes('trade:small') || token.authorizationDetails !== undefined) {
    throw challenge(403, 'insufficient_scope', 'this needs an approved token', { scope: 'trade:write' })
  }
  if (order.quantity > SMALL_ORDER) {
    throw challenge(403, 'insufficient_scope', `more than ${SMALL_ORDER} shares need an approved token`, {
      scope: 'trade:write',
    })
  }
  return 'small'
}

function isEqual(detail: Readonly<Record<string, unknown>>, order: OrderBody): boolean {
  const wanted: Readonly<Record<string, unknown>> = { type: 'stock_order', ...order }
  const names = Object.keys(wanted)
  return (
    Object.keys(detail).length === names.length &&
    names.every((name) => Object.hasOwn(detail, name) && detail[name] === wanted[name])
  )
}

import { isApproved, type Passed } from '@behalf/core/resource-server'
import { base64url } from 'jose'
import type { StockAccount } from './ledger.ts'
import { challenge, type Problem } from './problem.ts'
import type { OrderBody } from './wire.ts'

/** The largest order that needs no approval, shares. */
const SMALL_ORDER = 10

/**
 * Reason why a token may place an order. `approval`: for this order, and only once. `trusted`: its client is trusted.
 */
export type OrderRight = 'approval' | 'trusted' | 'small'

/** An order as a person approves it. */
export function detailOf(order: OrderBody): OrderBody & { readonly type: 'stock_order' } {
  return { type: 'stock_order', ...order }
}

/** Describes how the details of a token differ from the order, for a developer who wrote both. */
function differenceOf({ authorizationDetails }: Passed, order: ReturnType<typeof detailOf>): string {
  const approved = authorizationDetails.filter(({ type }) => type === order.type)
  const [detail] = approved
  if (detail === undefined) return 'the token has no approved details of the type stock_order'
  const differing = Object.entries(order).filter(([name, value]) => detail[name] !== value)
  const names = differing.map(([name]) => name).join(', ')
  const how = approved.length > 1 ? 'are several' : `differ in ${names || 'a field that an order does not have'}`
  return `the token was not approved for this order: its details ${how}`
}

/** Refuses an order that was not approved, as draft-ietf-oauth-rar-metadata-remediation-00 §4 says. */
function insufficientAuthorization(caller: Passed, order: OrderBody): Problem {
  const detail = detailOf(order)
  return challenge(401, 'insufficient_authorization', differenceOf(caller, detail), {
    authorization_remediation: base64url.encode(JSON.stringify({ authorization_details: [detail] })),
  })
}

/**
 * Decides whether a token may place an order.
 *
 * Under `trade:write`, the order must equal exactly one `stock_order` of the token's `authorization_details`, field by
 * field, with no field more or less. A token without details needs a client that the account trusts. Under
 * `trade:small`, the order may have up to 10 shares, and the token no details.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-9.1 | RFC 9396 §9.1}
 */
export function authorizeOrder(caller: Passed, order: OrderBody, { trustedClients = [] }: StockAccount): OrderRight {
  const hasDetails = caller.claims.authorization_details !== undefined
  if (caller.scopes.includes('trade:write')) {
    if (isApproved(caller, detailOf(order))) return 'approval'
    if (!hasDetails && trustedClients.includes(caller.identity.clientId ?? '')) return 'trusted'
    if (hasDetails || !caller.scopes.includes('trade:small')) {
      throw insufficientAuthorization(caller, order)
    }
  }
  if (!caller.scopes.includes('trade:small') || hasDetails) {
    throw challenge(403, 'insufficient_scope', 'this needs an approved token', { scope: 'trade:write' })
  }
  if (order.quantity > SMALL_ORDER) {
    throw challenge(403, 'insufficient_scope', `more than ${SMALL_ORDER} shares need an approved token`, {
      scope: 'trade:write',
    })
  }
  return 'small'
}

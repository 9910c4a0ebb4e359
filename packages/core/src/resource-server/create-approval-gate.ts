import * as base64url from 'jose/base64url'
import { type AuthorizationDetail, type Json, type Owner, ownerOf, principalKey } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import { type Clock, type Store, systemClock } from '../base/ports.ts'
import { aClock, canonicalJson, checkOptions, equalJson, kinds, oneOf, snapshot } from '../base/values/index.ts'
import { INSUFFICIENT_AUTHORIZATION } from '../credential/challenges.ts'
import { isVerified } from '../identity/verified.ts'
import { openStoreKeys, type StoreKeys } from '../records/index.ts'
import { challengeParameters } from './challenge.ts'
import { IdempotencyStore } from './idempotency-store.ts'
import { problem, runOnce } from './run-once.ts'
import type { Passed } from './verify-caller.ts'

/** Options of {@link createApprovalGate}. */
export interface ApprovalGateOptions {
  /** Store of the used approvals and the answers. One store for all processes of the API. */
  readonly store: Store
  /**
   * 32 random bytes each. A durable store needs them. The first key seals answers; all of them open.
   * @default for a memory store, random keys: the same for every part that opens this store
   */
  readonly keys?: StoreKeys | undefined
  /**
   * Handling of an order whose handler threw, answered 5xx, or died with its process. `'refuse'`: the same request
   * learns that the outcome is unknown. `'run_again'`: it runs again; only for handlers that honour the key themselves.
   * @default 'refuse'
   */
  readonly onCrash?: 'refuse' | 'run_again' | undefined
  /** Time after which a handler that did not renew its lease counts as dead, in seconds. @default 60 */
  readonly leaseSeconds?: number | undefined
  /** Time that an answer is repeated beyond the token's expiry, in seconds. @default 86_400 */
  readonly retentionSeconds?: number | undefined
  /** @default the system's clock */
  readonly clock?: Clock | undefined
}

/** Context that a handler gets. */
export interface OrderContext {
  /** Key of this order; the same each time that it runs. */
  readonly idempotencyKey: string
  /** True if an earlier run of this order did not finish (`onCrash: 'run_again'`). */
  readonly again: boolean
}

/** Carries out one order, and returns the answer to its request. */
export type OrderHandler = (context: OrderContext) => Response | Promise<Response>

/** Options of one order at the approval gate. */
export interface OrderOptions {
  /** Account of the keys: within it, a key means one order. @default the token's issuer and subject */
  readonly account?: string | undefined
}

/** Runs orders that a person approved, each approval once. */
export interface ApprovalGate {
  /**
   * Runs an order that its token was approved for, once.
   *
   * `order` must mean the same as exactly one of the token's `authorization_details`, field by field, with no field
   * more or less. The first idempotency key consumes the approval. The same key gets the same answer again, another key
   * 409. A handler that answers 4xx did nothing. Its answer is kept under the key and the approval is released, unless
   * an earlier run of the order did not finish. A token without an expiry is refused: its use could not be remembered
   * long enough. So is a token that expired over four minutes ago, while the body arrived. Does not decide whether the
   * caller may use the objects of the order.
   *
   * @returns The handler's answer, the same answer again, or the refusal: 400 (also for an order that is not plain
   *   JSON, such as a number that is too large), 401, 403, 409 or 422. A 401 is
   *   `insufficient_authorization`, and names the order as the details to ask for, by
   *   draft-ietf-oauth-rar-metadata-remediation-00.
   * @throws StoreError The store did not answer, before anything was done: no order runs. Errors of the handler are
   *   thrown too.
   */
  runApproved(
    request: Pick<Request, 'headers'>,
    caller: Passed,
    order: AuthorizationDetail,
    handler: OrderHandler,
    options?: OrderOptions,
  ): Promise<Response>
  /** The same for an order that needs no approval: once under its key. */
  runOnce(
    request: Pick<Request, 'headers'>,
    caller: Passed,
    order: unknown,
    handler: OrderHandler,
    options?: OrderOptions,
  ): Promise<Response>
}

const optionValues = {
  onCrash: oneOf('refuse', 'run_again'),
  leaseSeconds: kinds.positiveInteger,
  retentionSeconds: kinds.positiveInteger,
  clock: aClock,
}

/**
 * Makes the gate that compares orders with a person's approval, and lets each through once.
 *
 * The token carries the approval (RFC 9396 §9.1); `protect` of `createResourceServer` verifies the token.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function createApprovalGate(options: ApprovalGateOptions): ApprovalGate {
  checkOptions('createApprovalGate', options, optionValues, ['store', 'keys'])
  const { onCrash = 'refuse', clock = systemClock, leaseSeconds = 60, retentionSeconds = 86_400 } = options
  const now = () => clock.now() / 1000
  const book = new IdempotencyStore({
    ...openStoreKeys(options.store, options.keys, 'createApprovalGate'),
    leaseSeconds,
    retentionSeconds,
    now,
  })
  // All that a request brings is read before the first wait: an API may reuse the same objects for its next request.
  const asked = (
    request: Pick<Request, 'headers'>,
    caller: Passed,
    order: unknown,
    options: OrderOptions = {},
  ): Asked | Response => {
    checkCaller(caller)
    const { account = principalKey(caller.identity) } = options
    const copied = snapshot(order)
    // The order is the request's: numbers such as 1e400, and keys such as `__proto__`, are no fault of the API.
    if ('problem' in copied) return problem(400, 'order_not_json', `the order is not plain JSON: ${copied.problem}`)
    const { identity } = caller
    const own = { account, order: copied.value, owner: ownerOf(identity) }
    return { ...own, idempotencyKey: keyOf(request.headers), tokenEnd: identity.expiresAt ?? now() }
  }
  const run = async (own: Asked, handler: OrderHandler, approval?: string) => {
    const { account, idempotencyKey, order, tokenEnd, owner } = own
    if (idempotencyKey === undefined) {
      const detail = 'orders need an Idempotency-Key header of 1 to 255 characters'
      return problem(400, 'idempotency_key_missing', detail)
    }
    return runOnce(book, {
      order: await book.nameOf('order', [account, idempotencyKey]),
      ...(approval !== undefined && { approval }),
      fingerprint: await book.fingerprint(canonicalJson(order)),
      tokenEnd,
      owner,
      onCrash,
      handler: (again) => handler({ idempotencyKey, again }),
    })
  }
  return {
    async runApproved(request, caller, order, handler, orderOptions) {
      const own = asked(request, caller, order, orderOptions)
      if (own instanceof Response) return own
      if (!approves(caller, own.order)) return notApproved(caller, own.order)
      // Its use is remembered until it ends: a token without an end could come again after that.
      if (caller.identity.expiresAt === undefined) return withoutEnd()
      return run(own, handler, await book.nameOf('approval', [caller.identity.issuer, caller.tokenId]))
    },
    async runOnce(request, caller, order, handler, orderOptions) {
      const own = asked(request, caller, order, orderOptions)
      return own instanceof Response ? own : run(own, handler)
    },
  }
}

/** Order that a request asks for. */
interface Asked {
  readonly account: string
  readonly idempotencyKey: string | undefined
  readonly order: Json
  /** Epoch seconds. */
  readonly tokenEnd: number
  readonly owner: Owner
}

/**
 * Returns whether a token was approved for this order: exactly one of its `authorization_details` means the same.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-9.1 | RFC 9396 §9.1}
 */
export function isApproved(caller: Pick<Passed, 'authorizationDetails'>, order: AuthorizationDetail): boolean {
  const copied = snapshot(order)
  return 'value' in copied && approves(caller, copied.value)
}

function approves({ authorizationDetails }: Pick<Passed, 'authorizationDetails'>, order: Json): boolean {
  return authorizationDetails.filter((detail) => equalJson(detail as Json, order)).length === 1
}

/** Maximum length of the details in a challenge: many servers and clients read 8 kB of headers in all. */
const MAX_REMEDIATION = 4096

/** Refuses the order, and names the details that an approval must bring. It is for a single use, so no reference is sent. */
function notApproved({ scheme }: Passed, order: Json): Response {
  const errorDescription = 'the token was not approved for this order'
  const details = base64url.encode(JSON.stringify({ authorization_details: [order] }))
  const remediation = details.length > MAX_REMEDIATION ? undefined : details
  const challenge = challengeParameters({ error: INSUFFICIENT_AUTHORIZATION, errorDescription, remediation })
  return problem(401, INSUFFICIENT_AUTHORIZATION, errorDescription, { 'www-authenticate': `${scheme} ${challenge}` })
}

function withoutEnd(): Response {
  const fix = 'let the issuer write it into the token or its introspection'
  return problem(403, 'approval_without_end', `the approved token does not say when it expires (exp): ${fix}`)
}

function checkCaller(caller: Passed): void {
  if (caller?.ok === true && isVerified(caller.identity)) return
  throw new ConfigurationError('caller', 'give what `protect` let pass')
}

/** Reads an idempotency key. The quotes of a structured string (RFC 9651 §3.3.3) are optional. */
function keyOf(headers: Headers): string | undefined {
  const value = headers.get('idempotency-key')?.replace(/^"(.*)"$/, '$1')
  // Stryker disable next-line ConditionalExpression: The pattern reads `undefined` as the text “undefined”, and `undefined` is returned anyway.
  return value !== undefined && /^[\x21-\x7e]{1,255}$/.test(value) ? value : undefined
}

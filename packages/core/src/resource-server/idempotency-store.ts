import * as base64url from 'jose/base64url'
import * as z from 'zod/mini'
import type { Owner } from '../base/contract/index.ts'
import { Collection, type Lease, type OpenedStore, type Stored } from '../records/index.ts'
import { hasRunOut } from './verify-proof.ts'

/** Stored record of an order under its idempotency key. `v`: an unknown version is never guessed. */
const orderRecord = z.strictObject({
  v: z.literal(1),
  /** State of the order. `unknown`: its handler failed before its end, and may have acted. */
  state: z.enum(['running', 'done', 'unknown']),
  /** Fingerprint of the order: the same key with another order is a mistake. */
  fingerprint: z.string(),
  /**
   * Set if an earlier run did not finish, and may have acted: then the answer of this run does not prove that nothing
   * was done.
   */
  again: z.optional(z.literal(true)),
  answer: z.optional(
    z.strictObject({
      status: z.int(),
      headers: z.record(z.string(), z.string()),
      /** Body in base64url. Absent: too large to store. */
      body: z.optional(z.string()),
    }),
  ),
  /** Seconds from the last write, counted by the store. */
  keptFor: z.number(),
})

export type OrderRecord = z.infer<typeof orderRecord>
export type StoredAnswer = NonNullable<OrderRecord['answer']>

/** Maximum size of an answer's body that is repeated, in bytes. */
const MAX_BODY = 256 * 1024
/** Headers that a client needs to read the answer. Cookies and caching belong to the first response only. */
const keptHeaders = ['content-encoding', 'content-language', 'content-location', 'content-type', 'etag', 'location']

/** Reads a handler's answer: once, for its client and for the record. */
export async function keep(response: Response): Promise<{ response: Response; stored: StoredAnswer }> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  const kept = keptHeaders.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return {
    response: new Response(bodyless(status) ? null : bytes, { status, headers }),
    stored: {
      status,
      headers: Object.fromEntries(kept),
      ...(bytes.length <= MAX_BODY && { body: base64url.encode(bytes) }),
    },
  }
}

/** Returns the stored answer. `undefined` if its body was too large to store. */
export function replay({ status, headers, body }: StoredAnswer): Response | undefined {
  if (body === undefined) return undefined
  const again = { ...headers, 'cache-control': 'no-store', 'idempotent-replayed': 'true' }
  return new Response(bodyless(status) ? null : base64url.decode(body).slice(), { status, headers: again })
}

function bodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/**
 * Time for which an approval's claim outlasts its token, in seconds: requests with the token may be under way, and the
 * clocks of store and processes may be hours off, or be set right meanwhile.
 */
const MARGIN_SECONDS = 24 * 3600

const approvalUse = z.strictObject({ v: z.literal(1), order: z.string(), keptFor: z.number() })
type ApprovalUse = z.infer<typeof approvalUse>

export interface IdempotencyStoreOptions extends OpenedStore {
  readonly leaseSeconds: number
  readonly retentionSeconds: number
  /** Epoch seconds. */
  readonly now: () => number
}

/** Names of an order and of its approval, if it needs one. */
export interface OrderNames {
  readonly order: string
  readonly approval?: string
  /** Time at which its token expires, in epoch seconds. The records outlive the token that may come with them again. */
  readonly tokenEnd: number
  /** The caller: a store with a size limit gives each caller a share. */
  readonly owner: Owner
}

/** Orders under their idempotency keys, and approvals under their tokens. */
export class IdempotencyStore {
  readonly #options: IdempotencyStoreOptions
  readonly #orders: Collection<OrderRecord>
  readonly #approvals: Collection<ApprovalUse>

  constructor(options: IdempotencyStoreOptions) {
    // Counted by the store, whose clock may be ahead: a used approval must not be forgotten before its token ends.
    const ends = ({ keptFor }: { readonly keptFor: number }) => ({ expiresInSeconds: keptFor })
    this.#options = options
    this.#orders = new Collection<OrderRecord>(options, { kind: 'order', schema: orderRecord, ends })
    this.#approvals = new Collection<ApprovalUse>(options, { kind: 'approval', schema: approvalUse, ends })
  }

  nameOf(kind: 'order' | 'approval', parts: readonly string[]): Promise<string> {
    return (kind === 'order' ? this.#orders : this.#approvals).keyOf(...parts)
  }

  fingerprint(text: string): Promise<string> {
    return this.#options.hash(`fingerprint:${text}`)
  }

  read(order: string): Promise<Stored<OrderRecord> | undefined> {
    return this.#orders.get(order)
  }

  write(
    { order, tokenEnd, owner }: OrderNames,
    record: Omit<OrderRecord, 'v' | 'keptFor'>,
    ifVersion: string | null,
  ): Promise<string | 'conflict'> {
    const keptFor = this.#outlives(tokenEnd) + this.#options.retentionSeconds
    return this.#orders.put(order, { ...record, v: 1, keptFor }, { ifVersion, owner })
  }

  /**
   * Consumes an approval for one order. Called under the order's lease.
   * @returns false if another order has it, and was not refused.
   */
  async claim(approval: string, { order, tokenEnd, owner }: OrderNames): Promise<boolean> {
    const claimed: ApprovalUse = { v: 1, order, keptFor: this.#outlives(tokenEnd) }
    const open = async (now: ApprovalUse | undefined) => {
      const isOpen = now === undefined || (now.order !== order && (await this.#wasRefused(now.order)))
      return isOpen ? claimed : undefined
    }
    const used = await this.#approvals.change(approval, open, { owner })
    return used?.record.order === order
  }

  /**
   * Returns whether the order was refused. A refused order did nothing, so its approval can be used under another key.
   * That is not so if an earlier run did not finish: it may have acted.
   */
  async #wasRefused(order: string): Promise<boolean> {
    const { state, again, answer } = (await this.read(order))?.record ?? {}
    return state === 'done' && again !== true && answer !== undefined && answer.status >= 400
  }

  /**
   * Returns whether a use of an approval may be forgotten by now: its token was verified a while ago, and the order
   * arrived slowly.
   */
  hasRunOut(tokenEnd: number): boolean {
    return hasRunOut(tokenEnd, this.#options.now())
  }

  /** Takes the right to run an order while its holder is alive. `undefined`: another request has it. */
  lease(order: string): Promise<Lease | undefined> {
    return this.#orders.lease(order, this.#options.leaseSeconds)
  }

  /** Seconds from now. */
  #outlives(tokenEnd: number): number {
    return Math.max(0, tokenEnd - this.#options.now()) + MARGIN_SECONDS
  }
}

import * as base64url from 'jose/base64url'
import * as z from 'zod/mini'

/** Stored record of an order under its idempotency key. `v`: an unknown version is never guessed. */
export const orderRecord = z.strictObject({
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

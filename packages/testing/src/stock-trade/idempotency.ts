import { Problem } from './problem.ts'

interface Stored {
  readonly fingerprint: string
  answer?: { readonly status: number; readonly body: string; readonly type: string }
}

/** Remembers, within one account, what each `Idempotency-Key` was answered. */
export class IdempotencyKeys {
  readonly #stored = new Map<string, Stored>()

  /** Runs the work once per key; the same key again gets the same answer. */
  async once(
    key: { readonly account: string; readonly value: string; readonly fingerprint: string },
    work: () => Promise<Response>,
  ): Promise<Response> {
    const id = JSON.stringify([key.account, key.value])
    const known = this.#stored.get(id)
    if (known !== undefined) return replay(known, key.fingerprint)
    const stored: Stored = { fingerprint: key.fingerprint }
    this.#stored.set(id, stored)
    try {
      const response = await work()
      const body = await response.clone().text()
      stored.answer = { status: response.status, body, type: response.headers.get('content-type') ?? '' }
      return response
    } catch (error) {
      // Nothing happened: the key is as new.
      this.#stored.delete(id)
      throw error
    }
  }

  clear(): void {
    this.#stored.clear()
  }
}

function replay(stored: Stored, fingerprint: string): Response {
  if (stored.fingerprint !== fingerprint) {
    throw new Problem(422, 'idempotency_key_reused', 'this Idempotency-Key was used for another request')
  }
  if (stored.answer === undefined) {
    throw new Problem(409, 'request_in_progress', 'a request with this Idempotency-Key is in progress', {
      'retry-after': '1',
    })
  }
  const { status, body, type } = stored.answer
  return new Response(body, { status, headers: { 'content-type': type, 'idempotent-replayed': 'true' } })
}

/** The header's value; the quotes of a structured string are optional. */
export function idempotencyKeyOf(headers: Headers): string {
  const value = headers.get('idempotency-key')?.replace(/^"(.*)"$/, '$1')
  if (value === undefined || !/^[\x21-\x7E]{1,255}$/.test(value)) {
    throw new Problem(400, 'idempotency_key_missing', 'orders need an Idempotency-Key header of 1 to 255 characters')
  }
  return value
}

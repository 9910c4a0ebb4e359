import type { Json } from '../contract/index.ts'
import { StoreError } from '../errors/index.ts'

const headers = {
  'content-type': 'application/json',
  // What a person is asked is theirs to see, and of this moment.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** A JSON answer that nobody keeps. */
export function respond(status: number, body: Json, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, ...more } })
}

/** An error answer: one word, and nothing of what went wrong inside. */
export function refuse(status: number, error: string, more: Readonly<Record<string, string>> = {}): Response {
  return respond(status, { error }, more)
}

/** Runs a handler; a store that does not answer is 503, and worth another try. */
export async function answering(handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    if (!(error instanceof StoreError) || !error.retryable) throw error
    return refuse(503, 'unavailable', { 'retry-after': '2' })
  }
}

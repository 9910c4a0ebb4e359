import * as z from 'zod/mini'
import { type EventHub, factsOfHeader, withoutTokens } from '../events/index.ts'
import type { FetchHandler } from '../http/fetch-listener.ts'

/** Reports each request to the Stock Trade API. */
export function tellApi(handle: FetchHandler, events: EventHub | undefined): FetchHandler {
  if (events === undefined) return handle
  return async (request) => {
    const response = await handle(request)
    const status = response === undefined ? 404 : response.status
    const { pathname } = new URL(request.url)
    // A token that the API refused may state anything.
    const token = status === 401 ? undefined : factsOfHeader(request.headers.get('authorization'))
    events.emit({
      type: 'api',
      method: request.method,
      path: withoutTokens(pathname),
      status,
      ...(token !== undefined && { token }),
    })
    return response
  }
}

const Key = z.object({ user: z.string(), relation: z.string(), object: z.string() })
const Check = z.object({ tuple_key: Key })
const Batch = z.object({ checks: z.array(z.object({ tuple_key: Key, correlation_id: z.string() })) })
const CheckAnswer = z.object({ allowed: z.boolean() })
const BatchAnswer = z.object({ result: z.record(z.string(), z.object({ allowed: z.optional(z.boolean()) })) })

/** Reports the questions to OpenFGA, and its answers. */
export function tellChecks(handle: FetchHandler, events: EventHub | undefined): FetchHandler {
  if (events === undefined) return handle
  return async (request) => {
    const isCheck = /\/(batch-)?check$/.test(new URL(request.url).pathname)
    const asked: unknown = isCheck
      ? await request
          .clone()
          .json()
          .catch(() => undefined)
      : undefined
    const response = await handle(request)
    if (isCheck && response?.ok)
      tell(
        events,
        asked,
        await response
          .clone()
          .json()
          .catch(() => undefined),
      )
    return response
  }
}

function tell(events: EventHub, asked: unknown, answered: unknown): void {
  const batch = Batch.safeParse(asked)
  const all = BatchAnswer.safeParse(answered)
  if (batch.success && all.success) {
    for (const { tuple_key, correlation_id: id } of batch.data.checks) {
      events.emit({ type: 'checked', ...tuple_key, allowed: all.data.result[id]?.allowed === true })
    }
    return
  }
  const one = Check.safeParse(asked)
  const answer = CheckAnswer.safeParse(answered)
  if (one.success && answer.success) {
    events.emit({ type: 'checked', ...one.data.tuple_key, allowed: answer.data.allowed })
  }
}

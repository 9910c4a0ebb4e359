import { type IdempotencyStore, keep, type OrderNames, type OrderRecord, replay } from './idempotency-store.ts'

/**
 * A refusal of an order, as `application/problem+json`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457#section-3 | RFC 9457 §3}
 */
export function problem(
  status: number,
  type: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify({ type: `urn:behalf:problem:${type}`, title: type.replaceAll('_', ' '), status, detail })
  return new Response(body, {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}

/** An order that runs once at the API. */
export interface OrderRun extends OrderNames {
  readonly fingerprint: string
  readonly onCrash: 'refuse' | 'run_again'
  /** @param again - True if an earlier run of this order did not finish. */
  readonly handler: (again: boolean) => Response | Promise<Response>
}

/**
 * Runs an order once under its key, and repeats its answer to later requests.
 *
 * Of parallel requests, one runs; the others get 409 until it has ended.
 */
export async function runOnce(book: IdempotencyStore, run: OrderRun): Promise<Response> {
  const settled = answerOf(run, (await book.read(run.order))?.record)
  if (settled instanceof Response) return settled
  // Takes the lease before it writes the state: a running record always has a lease.
  const lease = await book.lease(run.order)
  if (lease === undefined) return inProgress()
  return lease.during(() => runAlone(book, run))
}

/** Runs under the lease: no other request writes this order's record. */
async function runAlone(book: IdempotencyStore, run: OrderRun): Promise<Response> {
  const { fingerprint, approval, tokenEnd } = run
  const found = await book.read(run.order)
  const settled = answerOf(run, found?.record)
  if (settled instanceof Response) return settled
  if (settled === 'begun' && run.onCrash === 'refuse') return outcomeUnknown()
  if (approval !== undefined && book.hasRunOut(tokenEnd)) {
    return problem(403, 'approval_expired', 'the approved token expired minutes before the order was complete')
  }
  if (approval !== undefined && !(await book.claim(approval, run))) {
    return problem(409, 'approval_used', 'this approval was used for an order under another Idempotency-Key')
  }
  const started = { fingerprint, ...(settled === 'begun' && { again: true as const }) }
  const version = await book.write(run, { ...started, state: 'running' }, found?.version ?? null)
  // The lease was lost before anything was done.
  if (version === 'conflict') return inProgress()
  return carryOut(book, run, version, started)
}

/** Returns the answer for a known order. `begun`: the order was begun, and runs now or died. */
function answerOf(run: OrderRun, record: OrderRecord | undefined): Response | 'begun' | undefined {
  if (record === undefined) return undefined
  if (record.fingerprint !== run.fingerprint) {
    return problem(422, 'idempotency_key_reused', 'this Idempotency-Key was used for another request')
  }
  // Stryker disable next-line ConditionalExpression: A record gets its answer in the write that makes it `done`, and no other record has one. So each clause implies the other.
  if (record.state !== 'done' || record.answer === undefined) return 'begun'
  return (
    replay(record.answer) ??
    problem(409, 'answer_not_kept', 'the order was answered before, and its answer was too large to keep')
  )
}

async function carryOut(
  book: IdempotencyStore,
  run: OrderRun,
  version: string,
  started: Pick<OrderRecord, 'fingerprint' | 'again'>,
): Promise<Response> {
  // A store that fails now does not undo the order: the answer is returned, and the record stays as begun.
  const end = (last: Pick<OrderRecord, 'state' | 'answer'>) =>
    book.write(run, { ...started, ...last }, version).catch(() => {})
  try {
    const { response, stored } = await keep(await run.handler(started.again === true))
    // After a server error, it is unknown what the handler did.
    await end(response.status >= 500 ? { state: 'unknown' } : { state: 'done', answer: stored })
    return response
  } catch (error) {
    await end({ state: 'unknown' })
    throw error
  }
}

function outcomeUnknown(): Response {
  return problem(409, 'outcome_unknown', 'the order was begun and never ended: it may have been carried out')
}

function inProgress(): Response {
  return problem(409, 'request_in_progress', 'a request with this Idempotency-Key is in progress', {
    'retry-after': '1',
  })
}

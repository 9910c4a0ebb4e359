import { BehalfError, ConfigurationError, type Guard, type Identity, InvalidTokenError } from '@behalf/core'
import type { IdentityOf } from '@behalf/core/identity'
import { identityFault, tellApp } from '@behalf/core/spi'
import { answerOf } from './answer-of.ts'

/** Options of {@link approvalStatus}. */
export interface ApprovalStatusOptions {
  /** Guard whose tools paused, or another guard over the same store and keys. */
  readonly guard: Pick<Guard, 'approvals'>
  /** Returns the signed-in user. */
  readonly identityOf: IdentityOf
  /**
   * Called with the error behind a 401 or 503, such as that of a token for another audience, or of a copied identity. An
   * error of the callback is dropped.
   * @default each kind of error is printed once, except that a login expired or ended
   */
  readonly onError?: (error: unknown) => void
}

/**
 * The route that `useApprovals` and `followInterrupts` poll, as a fetch-style handler: `GET /api/approvals/{id}`. The
 * last part of the path is the id of the interrupt.
 *
 * Answers `{ resolved: false, interval }` while the question is open, with the seconds until the next poll may find a
 * change. Else answers `{ resolved: true, approved, reason? }`, the response that the chat adds to its messages. It is
 * only a wake-up: the guard checks again before the tool runs.
 *
 * Shows a question to its owner only. Answers 401 (no user is signed in, or their access was revoked), 404 (an unknown
 * question, or another user's: the two look the same), 405, and 503 with `retry-after`, also if `identityOf` returned
 * what no verification made. No cache stores an answer. More
 * requests than the interval allows read the store, and do not poll the person's channel.
 *
 * @throws ConfigurationError `guard` or `identityOf` is missing; or the route rejects, since it got no `Request`.
 */
export function approvalStatus({
  guard,
  identityOf,
  onError,
}: ApprovalStatusOptions): (request: Request) => Promise<Response> {
  const approvals = guard?.approvals
  if (typeof approvals?.get !== 'function') {
    throw new ConfigurationError('approvalStatus.guard', 'give a guard from createGuard')
  }
  if (typeof identityOf !== 'function') {
    throw new ConfigurationError('approvalStatus.identityOf', 'give a function that returns the signed-in user')
  }
  return async (request) => {
    if (typeof request?.method !== 'string') {
      throw new ConfigurationError('approvalStatus', 'got no Request: mount it as `({ req }) => status(req.raw)`')
    }
    if (request.method !== 'GET') return respond(405, { error: 'method_not_allowed' }, { allow: 'GET' })
    try {
      const identity = await identityOf(request)
      if (identity === undefined) return respond(401, { error: 'login_required' })
      const fault = identityFault('approvalStatus.identityOf', identity)
      if (fault === undefined) return await status(approvals, identity, request)
      tellApp(() => (onError ?? printOf(guard))(fault))
      return unavailable()
    } catch (error) {
      const response = answerTo(error)
      if (response === undefined) throw error
      tellApp(() => (onError ?? printOf(guard))(error))
      return response
    }
  }
}

/** Kinds of errors that were printed, by guard: an app may make the route for each request. */
const printed = new WeakMap<object, Set<string>>()

/** Returns the default of `onError`: without it, each user would seem to be signed out if the audience is wrong. */
const printOf = (guard: object) => (error: unknown) => {
  const { name, message, reason = name } = error as Error & { readonly reason?: string }
  const known = printed.get(guard) ?? new Set(['expired', 'inactive'])
  printed.set(guard, known)
  if (!known.has(reason)) console.warn(`approvalStatus: ${message.replace('approvalStatus.', '')}`)
  known.add(reason)
}

function answerTo(error: unknown): Response | undefined {
  if (error instanceof InvalidTokenError) return respond(401, { error: 'login_required' })
  if (!BehalfError.isInstance(error) || !error.retryable) return undefined
  return unavailable()
}

const unavailable = () => respond(503, { error: 'unavailable' }, { 'retry-after': '5' })

async function status(approvals: Guard['approvals'], identity: Identity, { url, signal }: Request): Promise<Response> {
  // An id of ours has no character that a URL encodes.
  const id = new URL(url).pathname.split('/').at(-1) ?? ''
  const view = await approvals.get(id, { identity, signal })
  if (view === undefined) return respond(404, { error: 'not_found' })
  const answer = answerOf(view.state)
  if (answer !== undefined) return respond(200, { resolved: true, ...answer })
  return respond(200, { resolved: false, interval: Math.max(1, Math.ceil(view.interval ?? 1)) })
}

function respond(status: number, body: object, more: Readonly<Record<string, string>> = {}): Response {
  // A question is private to its user, and may change at any moment.
  return Response.json(body, {
    status,
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...more },
  })
}

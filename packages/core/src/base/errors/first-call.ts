import { BehalfError } from './behalf-error.ts'

/** Errors that all copies of this major version mark: a call and a call within it may be of two copies. */
const marked = (name: string): WeakSet<object> => {
  const place = globalThis as { [key: symbol]: WeakSet<object> | undefined }
  const key = Symbol.for(`@behalf/core@1/${name}`)
  place[key] ??= new WeakSet()
  return place[key]
}

/** Errors that a call has ended with. */
const heard = marked('heard')

/**
 * Returns whether no call has ended with this error before. An error describes the call that it left first. If it
 * leaves a nested call and passes through the body around it, it does not describe the outer call.
 */
export function leavesFirstCall(error: object): boolean {
  if (heard.has(error)) return false
  heard.add(error)
  return true
}

/**
 * Thrown by a tool's body: the call has changed nothing, so it may be tried again with the same approval and the same
 * idempotency key.
 *
 * Without it, a write that throws is in doubt, unless its policy has `writesOnlyBy`. A guarded write within the body
 * counts more than this error.
 */
export class HadNoEffect extends BehalfError {
  override readonly name = 'HadNoEffect'
  readonly code = 'ERR_HAD_NO_EFFECT'

  /** @param cause - Why the call ended. */
  constructor(cause?: unknown) {
    super('the call ended without an effect', { cause })
  }
}

/** Errors that a refused request made: what else was sent counts too. */
const refusals = marked('refused')

/** Marks the error of a request that an API definitely refused. */
export function refusedByApi<Refused extends Error>(error: Refused): Refused {
  refusals.add(error)
  return error
}

/**
 * Returns who proves that the call of this error had no effect: its body by {@link HadNoEffect}, or an API by the
 * refusal of one request.
 */
export function takeEvidence(error: unknown): 'said' | 'refused' | undefined {
  if (!BehalfError.isInstance(error)) return undefined
  const says = error.code === 'ERR_HAD_NO_EFFECT'
  if (says ? !leavesFirstCall(error) : heard.has(error)) return undefined
  if (refusals.has(error)) return 'refused'
  return says ? 'said' : undefined
}

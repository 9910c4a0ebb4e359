import { BehalfError } from './behalf-error.ts'

/** Errors that a call has ended with. */
const heard = new WeakSet<object>()

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
 * The guard detects that an API definitely refused every writing request of the call's credentials. Throw this error
 * where it cannot know: a tool without credentials, a status that your API documents, a check of your own.
 */
export class HadNoEffect extends BehalfError {
  override readonly name = 'HadNoEffect'
  readonly code = 'ERR_HAD_NO_EFFECT'

  /** @param cause - Why the call ended. */
  constructor(cause?: unknown) {
    super('the call ended without an effect', { cause })
  }
}

/** Returns whether the body of this call threw {@link HadNoEffect}. */
export function takeHadNoEffect(error: unknown): boolean {
  return BehalfError.isInstance(error) && error.code === 'ERR_HAD_NO_EFFECT' && leavesFirstCall(error)
}

import { BehalfError } from './behalf-error.ts'
import { leavesFirstCall } from './first-call.ts'

/**
 * Thrown by a tool's body: the call has changed nothing, so it may be tried again with the same approval and the same
 * idempotency key.
 *
 * The guard knows by itself where every writing request of the call's credentials was definitely refused. Throw this
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

/** Whether a call's own body says that it had no effect. */
export function takeHadNoEffect(error: unknown): boolean {
  return BehalfError.isInstance(error) && error.code === 'ERR_HAD_NO_EFFECT' && leavesFirstCall(error)
}

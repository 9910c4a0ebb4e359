import { BehalfError } from './behalf-error.ts'

/**
 * An id cannot be part of an OpenFGA name: it is empty, too long, or holds characters with a meaning there.
 *
 * Ids often come from what a model wrote, so this is about the input and not about the set-up: the
 * guard refuses the call. The message never repeats the id.
 */
export class InvalidObjectError extends BehalfError {
  override readonly name = 'InvalidObjectError'
  readonly code = 'ERR_INVALID_OBJECT'
}

import { BehalfError } from './behalf-error.ts'

/** A server broke its specification, or granted other than was asked. The answer was dropped whole. */
export class InvalidResponseError extends BehalfError {
  override readonly name = 'InvalidResponseError'
  readonly code = 'ERR_INVALID_RESPONSE'
}

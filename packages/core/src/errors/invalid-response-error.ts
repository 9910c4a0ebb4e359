import { BehalfError, type ErrorOptions } from './behalf-error.ts'

export interface InvalidResponseOptions extends ErrorOptions {
  /** See {@link InvalidResponseError.unreadable}. @default false */
  readonly unreadable?: boolean
  /** See {@link InvalidResponseError.status}. */
  readonly status?: number | undefined
}

/** A server broke its specification, or granted other than was asked. The answer was dropped whole. */
export class InvalidResponseError extends BehalfError {
  override readonly name = 'InvalidResponseError'
  readonly code = 'ERR_INVALID_RESPONSE'
  /** The response has no form that the protocol knows, such as a page of HTML: the server's decision is not known. */
  readonly unreadable: boolean
  /** HTTP status of a refusal without an OAuth error. */
  readonly status?: number

  constructor(message: string, options: InvalidResponseOptions = {}) {
    super(message, options)
    this.unreadable = options.unreadable ?? false
    if (options.status !== undefined) this.status = options.status
  }
}

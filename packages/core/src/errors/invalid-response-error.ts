import { BehalfError, type ErrorOptions } from './behalf-error.ts'

export interface InvalidResponseOptions extends ErrorOptions {
  /** See {@link InvalidResponseError.unreadable}. @default false */
  readonly unreadable?: boolean
}

/** A server broke its specification, or granted other than was asked. The answer was dropped whole. */
export class InvalidResponseError extends BehalfError {
  override readonly name = 'InvalidResponseError'
  readonly code = 'ERR_INVALID_RESPONSE'
  /** The response has no form that the protocol knows, such as a page of HTML: the server's decision is not known. */
  readonly unreadable: boolean

  constructor(message: string, options: InvalidResponseOptions = {}) {
    super(message, options)
    this.unreadable = options.unreadable ?? false
  }
}

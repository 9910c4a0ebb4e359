const brand: unique symbol = Symbol.for('@behalf/core@1/error') as never

/** Codes of everything that is thrown. `switch (error.code)` narrows an `AnyBehalfError`. */
export type ErrorCode =
  | 'ERR_APPROVAL_ANSWER'
  | 'ERR_CONFIGURATION'
  | 'ERR_IDENTITY_REQUIRED'
  | 'ERR_INVALID_TOKEN'
  | 'ERR_CREDENTIAL_MISUSE'
  | 'ERR_DELEGATION'
  | 'ERR_HAD_NO_EFFECT'
  | 'ERR_STEP_UP_REQUIRED'
  | 'ERR_OAUTH_RESPONSE'
  | 'ERR_INVALID_OBJECT'
  | 'ERR_INVALID_RESPONSE'
  | 'ERR_STORE'
  | 'ERR_TRANSPORT'

/** Options that every error of this package takes. */
export interface ErrorOptions {
  /** Underlying error. Kept, but not enumerable, so that logs do not print it by accident. */
  readonly cause?: unknown
}

/**
 * A fault. Expected endings of a call are values and never thrown.
 *
 * Messages hold no token. Two copies of this package recognise each other's errors:
 * use {@link BehalfError.isInstance} where `instanceof` may meet a second copy.
 */
export abstract class BehalfError extends Error {
  /** Identifies the class of the error, also across copies of this package. */
  abstract readonly code: ErrorCode
  /** The same call may succeed later. */
  readonly retryable: boolean = false

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    Object.defineProperty(this, brand, { value: true })
  }

  /**
   * Works across copies of the package. Narrow further with `error.code`. Called on a subclass, such as
   * `ConfigurationError.isInstance`, it is `instanceof`.
   */
  static isInstance(value: unknown): value is BehalfError {
    if (typeof value !== 'object' || value === null) return false
    try {
      // biome-ignore lint/complexity/noThisInStatic: Each subclass inherits this function.
      const isOfClass = this === undefined || this === BehalfError || value instanceof this
      return isOfClass && (value as Record<symbol, unknown>)[brand] === true
    } catch {
      // Bodies throw any value, proxies too. A value that cannot be read is not an error of this SDK.
      return false
    }
  }

  /** Returns name, code and message: the fields that a log may contain. */
  toJSON(): { readonly name: string; readonly code: ErrorCode; readonly message: string } {
    return { name: this.name, code: this.code, message: this.message }
  }
}

import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/** The fields of an OAuth error answer. */
export interface OAuthErrorFields {
  /** `error`, as the server wrote it. */
  readonly error: string
  readonly errorDescription?: string
  readonly status: number
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number
  /** With `insufficient_user_authentication`: the levels of login of which one is wanted (RFC 9470 §3). */
  readonly acrValues?: readonly string[]
  /** With `insufficient_user_authentication`: how long ago the login may be, in seconds. */
  readonly maxAge?: number
}

/** RFC 8707 §2: identifiers are compared as texts, so `https://api.example.com` is another API than the same with a slash. */
const TARGET_HINT =
  ': it knows no such API; compare the identifier with the one that is registered there, which may end with a slash'

/**
 * The authorization server refused, in the way its specification provides for.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749 §5.2}
 */
export class OAuthResponseError extends BehalfError {
  override readonly name = 'OAuthResponseError'
  readonly code = 'ERR_OAUTH_RESPONSE'
  readonly error: string
  /** The server's own words: show them to operators only. */
  readonly errorDescription?: string
  readonly status: number
  readonly retryAfter?: number
  readonly acrValues?: readonly string[]
  readonly maxAge?: number

  constructor(fields: OAuthErrorFields, options: ErrorOptions = {}) {
    // The server's text may be hostile: quoted, so that it cannot pose as ours.
    const description = fields.errorDescription === undefined ? '' : ` (${JSON.stringify(fields.errorDescription)})`
    const hint = fields.error === 'invalid_target' ? TARGET_HINT : ''
    super(`the authorization server answered ${JSON.stringify(fields.error)}${description}${hint}`, options)
    this.error = fields.error
    this.status = fields.status
    if (fields.errorDescription !== undefined) this.errorDescription = fields.errorDescription
    if (fields.retryAfter !== undefined) this.retryAfter = fields.retryAfter
    if (fields.acrValues !== undefined) this.acrValues = fields.acrValues
    if (fields.maxAge !== undefined) this.maxAge = fields.maxAge
  }
}

/** Fields of a refusal besides its code. */
export interface RefusalOptions {
  /** @default 401 for `invalid_client`, else 400 (RFC 6749 §5.2) */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of the body, such as `interval`. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** An OAuth error for the client. Internal: the server turns it into a response. */
export class Refusal extends Error {
  /** Always `Refusal`. */
  override readonly name = 'Refusal'
  /** The OAuth error code. */
  readonly error: string
  /** Status of the response. */
  readonly status: number
  /** Further headers of the response. */
  readonly headers: Readonly<Record<string, string>>
  /** Further members of the body. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(error: string, description: string, options: RefusalOptions = {}) {
    super(description)
    this.error = error
    this.status = options.status ?? (error === 'invalid_client' ? 401 : 400)
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
  }

  /** Returns the response. @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749 §5.2} */
  toResponse(): Response {
    // §5.2: a description holds no quotation mark, backslash or character beyond ASCII.
    const description = this.message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'")
    return answer({ error: this.error, error_description: description, ...this.members }, this)
  }
}

/** A JSON answer that no cache keeps (RFC 6749 §5.1). */
export function answer(
  body: unknown,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  return Response.json(body, {
    status: options.status ?? 200,
    headers: { 'cache-control': 'no-store', pragma: 'no-cache', ...options.headers },
  })
}

/** The connection broke after the server did its work, and before the client got the response. Internal. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

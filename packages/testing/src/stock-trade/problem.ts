/** A refusal of the Stock Trade API, as `application/problem+json` (RFC 9457). Internal. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly type: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, type: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.status = status
    this.type = type
    this.headers = headers
  }

  toResponse(): Response {
    const body = JSON.stringify({
      type: `urn:behalf:problem:${this.type}`,
      title: this.type.replaceAll('_', ' '),
      status: this.status,
      detail: this.message,
    })
    return new Response(body, {
      status: this.status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...this.headers },
    })
  }
}

/** A refusal with a Bearer challenge (RFC 6750 §3). */
export function challenge(
  status: 400 | 401 | 403,
  error: string,
  detail: string,
  attributes: Readonly<Record<string, string>> = {},
): Problem {
  const parameters = { error, error_description: detail.replace(/["\\]/g, "'"), ...attributes }
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return new Problem(status, error, detail, { 'www-authenticate': `Bearer ${text.join(', ')}` })
}

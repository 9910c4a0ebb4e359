/** What a refusal says in `WWW-Authenticate`. */
export interface Challenge {
  readonly realm: string
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  readonly error_description?: string
  /** Every scope that the request needs, space-separated. */
  readonly scope?: string
}

const statusOf = { invalid_request: 400, invalid_token: 401, insufficient_scope: 403 } as const

/**
 * The answer to a request that may not pass. Without `error` (no credentials were sent) it is bare.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 | RFC 6750 §3}
 */
export function challengeResponse(challenge: Challenge): Response {
  const { error, error_description: description } = challenge
  const parameters = Object.entries(challenge).map(([name, value]) => `${name}="${value}"`)
  const headers = { 'www-authenticate': `Bearer ${parameters.join(', ')}`, 'cache-control': 'no-store' }
  if (error === undefined) return new Response(null, { status: 401, headers })
  return Response.json({ error, error_description: description }, { status: statusOf[error], headers })
}

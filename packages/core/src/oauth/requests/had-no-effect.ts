import type { TransportError } from '../../base/errors/index.ts'

/** Error codes of a connection that failed before a byte of the request was sent. */
const beforeSending: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])

/** RFC 6749 §5.2: the server refused the client itself, so it did not use the refresh token. */
const beforeTheGrant: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

/** Returns whether the server refused a request before it examined the grant, by the code of the refusal. */
export const isRefusedBefore = (error: string): boolean => beforeTheGrant.has(error)

/**
 * Returns whether a failed request certainly had no effect. In doubt, it may have had one.
 *
 * RFC 6585 §4: a server refuses a request because there were too many. A 503 may come from a proxy whose server has
 * completed the request.
 */
export function hadNoEffect(fault: TransportError): boolean {
  if (fault.status === 429) return true
  for (let at: unknown = fault.cause, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    if (beforeSending.has((at as { readonly code?: unknown }).code)) return true
  }
  return false
}

import type { TransportError } from '../errors/index.ts'

/** Error codes of a connection that failed before a byte of the request was sent. */
const beforeSending: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])

/** RFC 6749 §5.2: the client itself was refused, so its refresh token was not looked at. */
const beforeTheGrant: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

/** Whether a request was refused before the grant that it carries was looked at, by the code of the refusal. */
export const isRefusedBefore = (error: string): boolean => beforeTheGrant.has(error)

/**
 * Whether a request that failed surely had no effect. In doubt it had.
 *
 * RFC 6585 §4 refuses a request for being one too many. A 503 may come from a proxy whose server has done it all.
 */
export function hadNoEffect(fault: TransportError): boolean {
  if (fault.status === 429) return true
  for (let at: unknown = fault.cause, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    if (beforeSending.has((at as { readonly code?: unknown }).code)) return true
  }
  return false
}

import type { TransportError } from '../errors/index.ts'

/** What a connection ends with before a byte of the request has left. */
const beforeSending: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])

/** Answers of a server that did nothing: too many requests, and not now. */
const nothingDone: ReadonlySet<unknown> = new Set([429, 503])

/** Whether a request that failed surely had no effect. In doubt it had. */
export function hadNoEffect(fault: TransportError): boolean {
  if (nothingDone.has(fault.status)) return true
  for (let at: unknown = fault.cause, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    if (beforeSending.has((at as { readonly code?: unknown }).code)) return true
  }
  return false
}

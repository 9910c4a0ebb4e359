/** Methods that change nothing (RFC 9110 §9.2.1). `TRACE` is not sent by any `fetch`. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export const isSafeMethod = (method: string): boolean => SAFE.has(method)

/** Statuses after which the API has surely not done what was asked (A13). Any other, and none, leaves doubt. */
const DEFINITE_REFUSALS = new Set([
  ...[400, 401, 403, 404, 405, 406],
  ...[410, 411, 412, 413, 414, 415, 416, 417],
  ...[428, 429, 431],
])

export const isDefiniteRefusal = (status: number): boolean => DEFINITE_REFUSALS.has(status)

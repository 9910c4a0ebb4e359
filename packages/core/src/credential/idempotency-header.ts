import { ConfigurationError } from '../base/errors/index.ts'

/** Syntax of a header's name (RFC 9110 §5.6.2). */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Headers with a meaning that a key would break. */
const taken = ['authorization', 'content-length', 'content-type', 'cookie', 'dpop', 'host', 'proxy-authorization']
/** Methods that change nothing (RFC 9110 §9.2.1). `TRACE` is not sent by any `fetch`. */
const SAFE = ['GET', 'HEAD', 'OPTIONS']

/** Checks the name of the header from which an API reads an idempotency key. */
export function idempotencyHeaderName(option: string, value: unknown): string {
  if (typeof value !== 'string' || !token.test(value) || taken.includes(value.toLowerCase())) {
    throw new ConfigurationError(option, "give the name of a header of its own, such as 'Idempotency-Key'")
  }
  return value
}

/**
 * Idempotency keys for the writing requests of one call, for all of its credentials.
 *
 * The first request gets the key itself, the n-th `key.n`: an API would treat two requests under one key as the same. A
 * retry must make the same requests in the same order to get the same keys.
 */
export class IdempotencyKeys {
  readonly #key: string
  #used = 0

  constructor(key: string) {
    this.#key = key
  }

  /** Sets the header of a request that writes. Does not change a key that the body set. */
  mark(header: string, method: string, headers: Headers): void {
    if (isSafeMethod(method) || headers.has(header)) return
    this.#used++
    headers.set(header, this.#used === 1 ? this.#key : `${this.#key}.${this.#used}`)
  }
}

export const isSafeMethod = (method: string): boolean => SAFE.includes(method)

/**
 * Statuses that prove that the API did not act (A13). After any other response, or without one, the call is in doubt.
 */
const DEFINITE_REFUSALS = [400, 401, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 428, 429, 431]

export const isDefiniteRefusal = (status: number): boolean => DEFINITE_REFUSALS.includes(status)

import { InvalidTokenError } from '../base/errors/index.ts'
import { inspect } from '../base/process/async.ts'

const reveal: unique symbol = Symbol.for('@behalf/core@1/reveal') as never

/**
 * A token that cannot be printed, serialised or cloned by accident (I3).
 *
 * The value sits in a private field; `JSON.stringify`, `util.inspect`, `String()` and
 * `structuredClone` show that there is a token and nothing of it.
 */
export class Token {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /**
   * Returns the token's value. For this package, and for tokens made by another copy of it. Not part of the public
   * surface.
   */
  [reveal](): string {
    return this.#value
  }

  /** Returns a fixed text: a token is never printed. */
  toString(): string {
    return '[token]'
  }

  /** Returns a fixed text: a token is never serialised. */
  toJSON(): string {
    return '[token]'
  }

  /** Returns a fixed text for Node's `console.log`. */
  [inspect](): string {
    return '[token]'
  }
}

/** The only function that turns a token into text. */
export function revealToken(token: Token): string {
  return token[reveal]()
}

/** `Headers` would repeat an invalid value in its error, so the value is checked first (RFC 9110 §5.5). */
const visibleAscii = /^[\x21-\x7e]+$/

/** Scheme by which a token is presented: alone, or with a proof of the key that it is bound to (RFC 9449 §7.1). */
export type AuthorizationScheme = 'Bearer' | 'DPoP'

/** Returns the `Authorization` header that presents a token. */
export function authorizationHeader(token: Token, scheme: AuthorizationScheme): string {
  const value = revealToken(token)
  if (!visibleAscii.test(value)) {
    throw new InvalidTokenError('malformed', 'the token holds characters that no header can carry')
  }
  return `${scheme} ${value}`
}

import type { Identity } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'

/** Requirements for the user's login. */
export interface AuthenticationRules {
  /** One of these, the preferred one first. */
  readonly acrValues?: readonly string[] | undefined
  /** Seconds since the login, at most. */
  readonly maxAge?: number | undefined
}

/** They go into a quoted string, separated by spaces. */
const acrValue = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function checkAuthenticationRules(option: string, { acrValues, maxAge }: AuthenticationRules): void {
  if (acrValues !== undefined && !(Array.isArray(acrValues) && acrValues.length > 0 && acrValues.every(isAcrValue))) {
    throw new ConfigurationError(
      `${option}.acrValues`,
      'give at least one value, without spaces, quotes and backslashes',
    )
  }
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new ConfigurationError(`${option}.maxAge`, 'give whole seconds, 0 or more')
  }
}

const isAcrValue = (value: unknown): boolean => typeof value === 'string' && acrValue.test(value)

/**
 * Whether the user logged in as the rules want. What the token does not say is not so.
 *
 * @param now - Epoch seconds.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export function isAuthenticated(identity: Identity, { acrValues, maxAge }: AuthenticationRules, now: number): boolean {
  const { acr, authTime = Number.NaN } = identity.kind === 'user' ? identity : {}
  if (acrValues !== undefined && !acrValues.some((value) => value === acr)) return false
  if (maxAge === undefined) return true
  // A time of the future says nothing about how long ago the login was.
  return authTime <= now + TOLERANCE_SECONDS && now - authTime <= maxAge
}

/** Clocks of issuers may be ahead by as much. */
const TOLERANCE_SECONDS = 30

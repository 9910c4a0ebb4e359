import { ConfigurationError } from '../base/errors/index.ts'

/** Requirements for the user's login. */
export interface AuthenticationRules {
  /** Accepted levels of login, the preferred one first. One suffices. */
  readonly acrValues?: readonly string[] | undefined
  /** Maximum time since the login, in seconds. */
  readonly maxAge?: number | undefined
}

/** Form of a level: the challenge puts the levels into a quoted string, separated by spaces. */
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

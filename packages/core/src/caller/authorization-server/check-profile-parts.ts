import { ConfigurationError } from '../../base/errors/index.ts'
import { copyOf, requireBoolean, requireText } from '../../base/values/index.ts'
import type { CibaProfile, ExchangeProfile, TokenProfile } from './profile.ts'

/**
 * Token types in the form in which they are compared: lower case, without `application/`. `''` means an absent type.
 */
const tokenType = /^(?!application\/)[^A-Z\s]*$/

/** Claims of an access token that an id_token does not have (RFC 9068 §2.2, and the names that providers use). */
const tellingClaims = ['client_id', 'cid', 'scope', 'scp']

/** Checks how a server's tokens differ, and fills in defaults. A malformed value would make every token invalid. */
export function checkTokenProfile(option: string, given: TokenProfile): TokenProfile {
  const token = copyOf(given)
  const { accessTokenTypes: types, requiredClaims } = token
  if (!isTextList(types) || types.length === 0 || !types.every((type) => tokenType.test(type))) {
    throw new ConfigurationError(
      `${option}.accessTokenTypes`,
      "give typ values in lower case, without application/; '' where tokens have none",
    )
  }
  requireTextList(`${option}.requiredClaims`, requiredClaims)
  requireTextList(`${option}.unaskedScopes`, token.unaskedScopes ?? [])
  requireTextList(`${option}.unaskedAudiences`, token.unaskedAudiences ?? [])
  requireFunctions(option, token, ['clientId', 'tenant', 'scopes'], ['subject', 'isAgent', 'isAccessToken'])
  const isTold = token.isAccessToken !== undefined || requiredClaims.some((claim) => tellingClaims.includes(claim))
  if (!isTold && types.some((type) => type === '' || type === 'jwt')) {
    throw new ConfigurationError(
      `${option}.isAccessToken`,
      `id_tokens may have this type too: give this function, or put a claim of access tokens alone (${tellingClaims.join(', ')}) into requiredClaims`,
    )
  }
  return token
}

/** Checks how a server's CIBA differs, and fills in defaults. */
export function checkCibaProfile(option: string, given: CibaProfile): CibaProfile {
  const ciba = copyOf(given)
  requireFunctions(option, ciba, ['hint', 'checkBindingMessage'], [])
  const { parameter, min, max } = ciba.requestedExpiry ?? {}
  requireText(`${option}.requestedExpiry.parameter`, parameter)
  if (!(Number.isSafeInteger(min) && Number.isSafeInteger(max) && 0 < min && min <= max)) {
    throw new ConfigurationError(`${option}.requestedExpiry`, 'give min and max in whole seconds, min not above max')
  }
  requireBoolean(`${option}.carriesAuthorizationDetails`, ciba.carriesAuthorizationDetails)
  requireBoolean(`${option}.detailsNeedTarget`, ciba.detailsNeedTarget ?? false)
  requireBoolean(`${option}.reportsExpiryAsDenied`, ciba.reportsExpiryAsDenied)
  return ciba
}

/** Checks how a server's token exchange differs, and fills in defaults. */
export function checkExchangeProfile(option: string, given: ExchangeProfile): ExchangeProfile {
  const exchange = copyOf(given)
  if (exchange.grant !== 'token-exchange' && exchange.grant !== 'jwt-bearer') {
    throw new ConfigurationError(`${option}.grant`, "give 'token-exchange' or 'jwt-bearer'")
  }
  requireBoolean(`${option}.carriesAuthorizationDetails`, exchange.carriesAuthorizationDetails)
  for (const name of ['subjectTokens', 'loginRequiredErrors'] as const) {
    requireTextList(`${option}.${name}`, exchange[name] ?? [])
  }
  return exchange
}

function requireFunctions<Part extends object>(
  option: string,
  part: Part,
  needed: readonly (keyof Part & string)[],
  allowed: readonly (keyof Part & string)[],
): void {
  for (const name of [...needed, ...allowed]) {
    if (typeof part[name] === 'function' || (part[name] === undefined && allowed.includes(name))) continue
    throw new ConfigurationError(`${option}.${name}`, 'give a function')
  }
}

function requireTextList(option: string, value: unknown): void {
  if (!isTextList(value)) throw new ConfigurationError(option, 'give a list of strings')
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

import { ConfigurationError } from '../../base/errors/index.ts'
import { checkValues, copyOf, kinds, needed, oneOf, requireText } from '../../base/values/index.ts'
import type { CibaProfile, ExchangeProfile, TokenProfile } from './profile.ts'

/**
 * Token types in the form in which they are compared: lower case, without `application/`. `''` means an absent type.
 */
const tokenType = /^(?!application\/)[^A-Z\s]*$/

/** Claims of an access token that an id_token does not have (RFC 9068 §2.2, and the names that providers use). */
const tellingClaims = ['client_id', 'cid', 'scope', 'scp']

const [aFunction, aBoolean] = [needed(kinds.function), needed(kinds.boolean)]
const optional = { subject: kinds.function, isAgent: kinds.function, isAccessToken: kinds.function }
const tokenFunctions = { clientId: aFunction, tenant: aFunction, scopes: aFunction, ...optional }
const cibaValues = {
  hint: aFunction,
  checkBindingMessage: aFunction,
  carriesAuthorizationDetails: aBoolean,
  detailsNeedTarget: kinds.boolean,
  reportsExpiryAsDenied: aBoolean,
}
const exchangeValues = {
  grant: needed(oneOf('token-exchange', 'jwt-bearer')),
  carriesAuthorizationDetails: aBoolean,
}

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
  checkValues(`${option}.`, token, tokenFunctions)
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
  checkValues(`${option}.`, ciba, cibaValues)
  const { parameter, min, max } = ciba.requestedExpiry ?? {}
  requireText(`${option}.requestedExpiry.parameter`, parameter)
  if (!(Number.isSafeInteger(min) && Number.isSafeInteger(max) && 0 < min && min <= max)) {
    throw new ConfigurationError(`${option}.requestedExpiry`, 'give min and max in whole seconds, min not above max')
  }
  return ciba
}

/** Checks how a server's token exchange differs, and fills in defaults. */
export function checkExchangeProfile(option: string, given: ExchangeProfile): ExchangeProfile {
  const exchange = copyOf(given)
  checkValues(`${option}.`, exchange, exchangeValues)
  for (const name of ['subjectTokens', 'loginRequiredErrors'] as const) {
    requireTextList(`${option}.${name}`, exchange[name] ?? [])
  }
  return exchange
}

function requireTextList(option: string, value: unknown): void {
  if (!isTextList(value)) throw new ConfigurationError(option, 'give a list of strings')
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

import { ConfigurationError } from '../../base/errors/index.ts'
import {
  checkValues,
  copyOf,
  defined,
  kinds,
  namesOf,
  needed,
  oneOf,
  refuseUnknownKeys,
  requireText,
} from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import { metadataOf } from '../wire.ts'
import { checkEndpoint, checkIssuer } from './check-profile.ts'
import {
  allowInsecureLoopback,
  type CibaProfile,
  type ExchangeProfile,
  type Profile,
  type TargetParameter,
  type TokenProfile,
  type UnpublishedEndpoints,
} from './profile.ts'
import { type ProfileOptions, plainCiba, plainExchange, profileKeys, readProfileOptions } from './profile-options.ts'

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
function checkTokenProfile(option: string, given: TokenProfile): TokenProfile {
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
function checkCibaProfile(option: string, given: CibaProfile): CibaProfile {
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
function checkExchangeProfile(option: string, given: ExchangeProfile): ExchangeProfile {
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

/** Options of {@link oidc}. */
export interface OidcOptions extends ProfileOptions {
  /** Issuer, exactly as the server's metadata writes it, trailing slash included. */
  readonly issuer: string
  /** Place of the metadata: that of OpenID Connect, or that of RFC 8414. @default 'oidc' */
  readonly discovery?: 'oidc' | 'oauth2' | undefined
  /** Accepted signature algorithms; name only those that the server uses. @default RS256, PS256, ES256, EdDSA */
  readonly algorithms?: readonly string[] | undefined
  /** Endpoints that the server has and its metadata does not name. They replace what it names. @default none */
  readonly endpoints?: UnpublishedEndpoints | undefined
  /** Parameter that names the target of a token. @default 'resource' (RFC 8707) */
  readonly target?: Exclude<TargetParameter, 'scope'> | undefined
  /** Differences from plain CIBA at this server. `false`: the server has no CIBA. */
  readonly ciba?: Partial<Omit<CibaProfile, 'missingHint'>> | false | undefined
  /** Differences from plain RFC 8693 at this server. `false`: the server has no token exchange. */
  readonly exchange?: Partial<ExchangeProfile> | false | undefined
  /** Differences from RFC 9068 in this server's tokens. */
  readonly token?: Partial<TokenProfile> | undefined
  /** Lets the issuer be on this machine, over plain HTTP. For tests and local development only. */
  readonly [allowInsecureLoopback]?: true | undefined
}

const ownKeys = namesOf<OidcOptions>('issuer', 'discovery', 'endpoints', 'target', 'ciba', 'exchange', 'token')
const optionKeys = [...profileKeys, ...ownKeys]
const unpublished = namesOf<UnpublishedEndpoints>('introspection', 'revocation', 'deviceAuthorization')

/** Default algorithms: those that servers sign with by default, and those that FAPI 2.0 requires. */
const defaultAlgorithms: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

/** Rules for access tokens of RFC 9068 (§2.1 and §2.2). */
const strictTokens: TokenProfile = {
  accessTokenTypes: ['at+jwt'],
  requiredClaims: ['sub', 'client_id', 'iat', 'jti'],
  clientId: (claims) => textClaim(claims, 'client_id'),
  tenant: () => undefined,
  scopes: ({ scope }) => scope,
}

/**
 * Makes the profile of any OpenID provider or OAuth authorization server that follows the specifications.
 *
 * Access tokens must follow RFC 9068. Authorization details are not expected in CIBA or an exchange unless `ciba` and
 * `exchange` say so. Makes no request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2 | RFC 9068 §2}
 */
export function oidc(options: OidcOptions): Profile {
  refuseUnknownKeys('oidc', options, optionKeys)
  const insecure = options[allowInsecureLoopback] === true
  const { discovery = 'oidc', target = 'resource', endpoints, ciba, exchange, token = {} } = options
  checkValues('oidc.', options, { discovery: oneOf('oidc', 'oauth2'), target: oneOf('resource', 'audience') })
  const named = defined(part('oidc.endpoints', endpoints))
  refuseUnknownKeys('oidc.endpoints', named, unpublished)
  for (const [name, url] of Object.entries(named)) checkEndpoint(`oidc.endpoints.${name}`, url, insecure)
  refuseUnknownKeys('oidc.ciba', part('oidc.ciba', ciba), [...Object.keys(plainCiba), 'detailsNeedTarget'])
  refuseUnknownKeys('oidc.exchange', part('oidc.exchange', exchange), Object.keys(plainExchange))
  refuseUnknownKeys('oidc.token', part('oidc.token', token), [
    ...Object.keys(strictTokens),
    ...['subject', 'isAgent', 'isAccessToken', 'unaskedScopes', 'unaskedAudiences'],
  ])
  return Object.freeze({
    provider: 'oidc',
    issuer: checkIssuer('oidc.issuer', options.issuer, insecure),
    ...readProfileOptions('oidc', options, { secretMethod: 'client_secret_basic', algorithms: defaultAlgorithms }),
    discovery,
    ...(endpoints && { metadata: metadataOf(endpoints) }),
    target,
    ciba: ciba === false ? undefined : checkCibaProfile('oidc.ciba', { ...plainCiba, ...ciba }),
    exchange: exchange === false ? undefined : checkExchangeProfile('oidc.exchange', { ...plainExchange, ...exchange }),
    token: checkTokenProfile('oidc.token', { ...strictTokens, ...token }),
    ...(insecure && { [allowInsecureLoopback]: true as const }),
  })
}

/** Returns the changes to a part of the profile, to check their names. Returns none if it is absent or `false`. */
function part(option: string, value: object | false | undefined): object {
  if (value === undefined || value === false) return {}
  if (typeof value === 'object' && value !== null) return value
  throw new ConfigurationError(option, 'give an object with what differs')
}

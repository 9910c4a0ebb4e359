import { ConfigurationError } from '../../base/errors/index.ts'
import { namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import { checkIssuer } from './check-profile.ts'
import { checkCibaProfile, checkExchangeProfile, checkTokenProfile } from './check-profile-parts.ts'
import {
  allowInsecureLoopback,
  type CibaProfile,
  type ExchangeProfile,
  type Profile,
  type TargetParameter,
  type TokenProfile,
} from './profile.ts'
import { type ProfileOptions, plainCiba, plainExchange, profileKeys, readProfileOptions } from './profile-options.ts'
import { textClaim } from './read-claims.ts'

/** Options of {@link oidc}. */
export interface OidcOptions extends ProfileOptions {
  /** Issuer, exactly as the server's metadata writes it, trailing slash included. */
  readonly issuer: string
  /** Place of the metadata: that of OpenID Connect, or that of RFC 8414. @default 'oidc' */
  readonly discovery?: 'oidc' | 'oauth2' | undefined
  /** Accepted signature algorithms; name only those that the server uses. @default RS256, PS256, ES256, EdDSA */
  readonly algorithms?: readonly string[] | undefined
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

const optionKeys = namesOf<OidcOptions>(...profileKeys, 'issuer', 'discovery', 'target', 'ciba', 'exchange', 'token')

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
  const { discovery = 'oidc', target = 'resource', ciba, exchange, token = {} } = options
  if (discovery !== 'oidc' && discovery !== 'oauth2')
    throw new ConfigurationError('oidc.discovery', "give 'oidc' or 'oauth2'")
  if (target !== 'resource' && target !== 'audience') {
    throw new ConfigurationError('oidc.target', "give 'resource' or 'audience'")
  }
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

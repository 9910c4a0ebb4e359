import { namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import type { CibaProfile, Profile, TokenProfile } from './profile.ts'
import { checkDomain, type ProfileOptions, plainExchange, profileKeys, readProfileOptions } from './profile-options.ts'

/** Options of {@link auth0}. */
export interface Auth0Options extends ProfileOptions {
  /** The tenant's domain or its custom domain, without scheme: `tenant.eu.auth0.com`. */
  readonly domain: string
  /** Accepted signature algorithms. @default RS256, PS256 */
  readonly algorithms?: readonly string[] | undefined
}

const optionKeys = namesOf<Auth0Options>(...profileKeys, 'domain')

/**
 * Returns the problem of a binding message where Auth0's limits apply, in words: at Auth0, and in the sandbox.
 * `undefined`: it is within them.
 */
export function checkAuth0Message(message: string): string | undefined {
  if (/^[A-Za-z0-9 +\-_.,:#]{1,64}$/.test(message)) return undefined
  const [other] = /[^A-Za-z0-9 +\-_.,:#]/u.exec(message) ?? []
  return `has ${other ?? `${message.length} characters`}; give 1 to 64 letters, digits, spaces and +-_.,:#`
}

/** Auth0's CIBA: a structured hint, a short message of a fixed alphabet, and expiry reported as a refusal. */
const ciba: CibaProfile = {
  // RFC 9493 §3.2.3 in JSON. Auth0 takes no other hint.
  hint: ({ issuer, subject }) => ({ login_hint: JSON.stringify({ format: 'iss_sub', iss: issuer, sub: subject }) }),
  checkBindingMessage: checkAuth0Message,
  requestedExpiry: { parameter: 'requested_expiry', min: 1, max: 300 },
  carriesAuthorizationDetails: true,
  // Types of details are registered with an API. A request that names no API knows no type.
  detailsNeedTarget: true,
  reportsExpiryAsDenied: true,
}

/** Both of Auth0's access token dialects: its own (`typ: JWT`, `azp`) and RFC 9068's (`at+jwt`, `client_id`). */
const token: TokenProfile = {
  accessTokenTypes: ['at+jwt', 'jwt'],
  requiredClaims: ['sub', 'iat'],
  clientId: (claims) => textClaim(claims, 'client_id') ?? textClaim(claims, 'azp'),
  tenant: (claims) => textClaim(claims, 'org_id'),
  scopes: ({ scope }) => scope,
  // An id_token is for the client itself: it names no client in addition to its audience.
  isAccessToken: ({ aud, azp, client_id: client = azp }) => client !== undefined && ![aud].flat().includes(client),
  isAgent: (claims) => claims.gty === 'client-credentials' || textClaim(claims, 'sub')?.endsWith('@clients') === true,
}

/**
 * Makes the profile of an Auth0 tenant.
 *
 * The target of a token is its `audience`; rich authorization requests are sent with CIBA. A client secret is sent in
 * the body, which is Auth0's default for confidential applications. Makes no request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-initiated-backchannel-authentication-flow | CIBA at Auth0}
 */
export function auth0(options: Auth0Options): Profile {
  refuseUnknownKeys('auth0', options, optionKeys)
  const issuer = `https://${checkDomain('auth0.domain', options.domain, 'tenant.eu.auth0.com')}/`
  return Object.freeze({
    provider: 'auth0',
    issuer,
    ...readProfileOptions('auth0', options, { secretMethod: 'client_secret_post', algorithms: ['RS256', 'PS256'] }),
    target: 'audience',
    ciba,
    // Access tokens of a custom API client, and no others.
    exchange: { ...plainExchange, subjectTokens: ['access_token'] },
    token: { ...token, unaskedAudiences: [`${issuer}userinfo`] },
  })
}

import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys, requireText } from '../lib/index.ts'
import { checkAlgorithms } from './check-profile.ts'
import { type ClientAuthenticationOptions, chooseClientAuthentication } from './client-authentication.ts'
import type { CibaProfile, Profile, TokenProfile } from './profile.ts'
import { scopeClaim, textClaim } from './read-claims.ts'

/** Options of {@link auth0}. */
export interface Auth0Options extends ClientAuthenticationOptions {
  /** The tenant's domain or its custom domain, without scheme: `tenant.eu.auth0.com`. */
  readonly domain: string
  readonly clientId: string
  /** Accepted signature algorithms. @default RS256, PS256 */
  readonly algorithms?: readonly string[] | undefined
}

const optionKeys = [
  'domain',
  'clientId',
  'clientSecret',
  'privateKey',
  'algorithm',
  'keyId',
  'clientAuthentication',
  'algorithms',
] as const satisfies readonly (keyof Auth0Options)[]

const MAX_BINDING_MESSAGE = 64
const bindingMessage = /^[A-Za-z0-9 +\-_.,:#]*$/

/** Auth0's CIBA: a structured hint, a short message of a fixed alphabet, expiry told as a refusal. */
const ciba: CibaProfile = {
  // RFC 9493 §3.2.3 in JSON. Auth0 takes no other hint.
  hint: ({ issuer, subject }) => ({ login_hint: JSON.stringify({ format: 'iss_sub', iss: issuer, sub: subject }) }),
  checkBindingMessage: (message) => {
    if (message === '') return 'Auth0 asks for a binding message'
    if (message.length > MAX_BINDING_MESSAGE) return `Auth0 takes at most ${MAX_BINDING_MESSAGE} characters`
    if (!bindingMessage.test(message)) return 'Auth0 takes letters, digits, spaces and +-_.,:# only'
    return undefined
  },
  requestedExpiry: { parameter: 'requested_expiry', min: 1, max: 300 },
  carriesAuthorizationDetails: true,
  reportsExpiryAsDenied: true,
}

/** Both of Auth0's access token dialects: its own (`typ: JWT`, `azp`) and RFC 9068's (`at+jwt`, `client_id`). */
const token: TokenProfile = {
  accessTokenTypes: ['at+jwt', 'jwt'],
  requiredClaims: ['sub', 'iat'],
  clientId: (claims) => textClaim(claims, 'client_id') ?? textClaim(claims, 'azp'),
  tenant: (claims) => textClaim(claims, 'org_id'),
  scopes: scopeClaim,
  isAgent: (claims) => claims.gty === 'client-credentials' || textClaim(claims, 'sub')?.endsWith('@clients') === true,
}

/**
 * An Auth0 tenant.
 *
 * The target of a token is its `audience`; rich authorization requests travel with CIBA. A client secret
 * goes into the body, as Auth0's default for confidential applications has it. No request is made here.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-initiated-backchannel-authentication-flow | CIBA at Auth0}
 */
export function auth0(options: Auth0Options): Profile {
  refuseUnknownKeys('auth0', options, optionKeys)
  const profile: Profile = {
    provider: 'auth0',
    issuer: `https://${checkDomain(options.domain)}/`,
    clientId: requireText('auth0.clientId', options.clientId),
    clientAuthentication: chooseClientAuthentication('auth0', options, 'client_secret_post'),
    algorithms: checkAlgorithms('auth0.algorithms', options.algorithms ?? ['RS256', 'PS256']),
    target: 'audience',
    ciba,
    exchange: { grant: 'token-exchange', carriesAuthorizationDetails: false },
    token,
  }
  return Object.freeze(profile)
}

function checkDomain(value: unknown): string {
  const domain = requireText('auth0.domain', value)
  if (!URL.canParse(`https://${domain}/`) || new URL(`https://${domain}/`).host !== domain) {
    throw new ConfigurationError('auth0.domain', 'give the bare domain in lower case, such as tenant.eu.auth0.com')
  }
  return domain
}

import { ConfigurationError } from '../../base/errors/index.ts'
import { namesOf, refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import { checkIssuer } from './check-profile.ts'
import {
  allowInsecureLoopback,
  type CibaProfile,
  type ExchangeProfile,
  type Profile,
  type TokenProfile,
} from './profile.ts'
import {
  type LoginHint,
  type ProfileOptions,
  plainCiba,
  plainExchange,
  profileKeys,
  readProfileOptions,
  userNameHint,
} from './profile-options.ts'

/** Options of {@link keycloak}. */
export interface KeycloakOptions extends ProfileOptions {
  /** Address of the server, with its path if it has one, and without a slash at the end: `https://id.example.com`. */
  readonly url: string
  /** Name of the Keycloak realm. */
  readonly realm: string
  /** The Keycloak user name or e-mail address of an approver, by their subject. Needed for CIBA alone. */
  readonly loginHint?: LoginHint | undefined
  /** Accepted signature algorithms. @default RS256, PS256, ES256 */
  readonly algorithms?: readonly string[] | undefined
  /** Lets the issuer be on this machine, over plain HTTP. For tests and local development only. */
  readonly [allowInsecureLoopback]?: true | undefined
}

const optionKeys = namesOf<KeycloakOptions>(...profileKeys, 'url', 'realm', 'loginHint')

/** Pattern of a binding message, as Keycloak's own endpoint has it: no spaces. */
const bindingMessage = /^[a-zA-Z0-9\-._+/!?#]{1,50}$/

/** Keycloak's CIBA. The realm sets the `expires_in` of its response, whatever was requested. */
const ciba = (loginHint: LoginHint | undefined): CibaProfile => ({
  ...plainCiba,
  hint: userNameHint('keycloak.loginHint', loginHint),
  ...(loginHint === undefined && { missingHint: 'keycloak.loginHint' }),
  checkBindingMessage: (message) =>
    bindingMessage.test(message) ? undefined : 'Keycloak takes 1 to 50 letters, digits and -._+/!?# and no spaces',
})

/**
 * The standard exchange (V2): access tokens only. `invalid_request` also means that the API is in no audience mapper of
 * the requested scopes, which no login changes.
 */
const standardExchange: ExchangeProfile = {
  ...plainExchange,
  subjectTokens: ['access_token'],
  loginRequiredErrors: ['invalid_grant', 'invalid_request: Invalid token'],
}

/**
 * Keycloak writes the kind of a token into a `typ` claim. The header has `JWT`, or `at+jwt` if the client is configured
 * so.
 */
const token: TokenProfile = {
  accessTokenTypes: ['jwt', 'at+jwt'],
  requiredClaims: ['sub', 'iat', 'jti', 'azp', 'typ'],
  clientId: (claims) => textClaim(claims, 'azp'),
  tenant: () => undefined,
  scopes: ({ scope }) => scope,
  // The realm's default scopes.
  unaskedScopes: ['openid', 'profile', 'email'],
  isAccessToken: ({ typ }) => typ === 'Bearer' || typ === 'DPoP',
  isAgent: isServiceAccount,
}

/**
 * Returns whether the token is of a client's service account. Such an account is a user with its own subject, named
 * after the client; its tokens also contain the client's host. `client_id` does not distinguish them: an introspection
 * answer has it for users too.
 */
function isServiceAccount({ azp, preferred_username: name, clientHost }: Readonly<Record<string, unknown>>): boolean {
  return clientHost !== undefined || (typeof azp === 'string' && name === `service-account-${azp.toLowerCase()}`)
}

/**
 * Makes the profile of a realm of a Keycloak server (26 or newer).
 *
 * The target of a token is a Keycloak client, named by its client id and sent as `audience`: give the API's client the
 * name that policies use for the API. Rich authorization requests are not expected in CIBA or an exchange. Makes no
 * request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.keycloak.org/securing-apps/token-exchange | Token exchange at Keycloak}
 */
export function keycloak(options: KeycloakOptions): Profile {
  refuseUnknownKeys('keycloak', options, optionKeys)
  const insecure = options[allowInsecureLoopback] === true
  const url = checkIssuer('keycloak.url', options.url, insecure)
  if (url.endsWith('/') || url.includes('/realms/')) {
    throw new ConfigurationError(
      'keycloak.url',
      'give the address of the server, without the realm and a slash at the end',
    )
  }
  const realm = requireText('keycloak.realm', options.realm)
  return Object.freeze({
    provider: 'keycloak',
    issuer: `${url}/realms/${encodeURIComponent(realm)}`,
    ...readProfileOptions('keycloak', options, {
      secretMethod: 'client_secret_basic',
      algorithms: ['RS256', 'PS256', 'ES256'],
    }),
    target: 'audience',
    ciba: ciba(options.loginHint),
    exchange: standardExchange,
    token,
    ...(insecure && { [allowInsecureLoopback]: true as const }),
  })
}

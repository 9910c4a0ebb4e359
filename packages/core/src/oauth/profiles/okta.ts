import { ConfigurationError } from '../../base/errors/index.ts'
import { namesOf, refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import type { CibaProfile, Profile, TokenProfile } from './profile.ts'
import {
  checkDomain,
  type LoginHint,
  type ProfileOptions,
  plainCiba,
  plainExchange,
  profileKeys,
  readProfileOptions,
  userNameHint,
} from './profile-options.ts'

/** Options of {@link okta}. */
export interface OktaOptions extends ProfileOptions {
  /** The org's domain or its custom domain, without scheme: `example.okta.com`. */
  readonly domain: string
  /** Id of the custom authorization server: `default`, or one that Okta generated (`aus…`). */
  readonly authorizationServer: string
  /** The Okta user name of an approver, by their subject (`uid`). Needed for CIBA alone. */
  readonly loginHint?: LoginHint | undefined
  /** Accepted signature algorithms. @default RS256 */
  readonly algorithms?: readonly string[] | undefined
}

const optionKeys = namesOf<OktaOptions>(...profileKeys, 'domain', 'authorizationServer', 'loginHint')

/** Makes Okta's CIBA profile: by user name, with Okta's own parameter for the lifetime. */
const ciba = (loginHint: LoginHint | undefined): CibaProfile => ({
  ...plainCiba,
  hint: userNameHint('okta.loginHint', loginHint),
  ...(loginHint === undefined && { missingHint: 'okta.loginHint' }),
  requestedExpiry: { parameter: 'request_expiry', min: 1, max: 300 },
})

const token: TokenProfile = {
  accessTokenTypes: ['', 'jwt', 'at+jwt'],
  // An id_token has no `cid`.
  requiredClaims: ['sub', 'iat', 'jti', 'cid'],
  clientId: (claims) => textClaim(claims, 'cid'),
  // An access token's `sub` is the login name, an id_token's the user's id, which here is `uid`.
  subject: (claims) => textClaim(claims, 'uid') ?? textClaim(claims, 'sub'),
  tenant: () => undefined,
  scopes: ({ scp }) => scp,
  isAgent: (claims) => claims.uid === undefined && claims.sub === claims.cid,
}

/**
 * Makes the profile of a custom authorization server of an Okta org.
 *
 * The target of a token is the authorization server's own audience, sent as `audience` with an exchange. Refuses Okta's
 * org authorization server: its access tokens are for Okta's own APIs, and no other API may verify them. Makes no
 * request.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://developer.okta.com/docs/guides/set-up-token-exchange/main/ | Token exchange at Okta}
 * @see {@link https://developer.okta.com/docs/guides/configure-ciba/main/ | CIBA at Okta}
 */
export function okta(options: OktaOptions): Profile {
  refuseUnknownKeys('okta', options, optionKeys)
  const domain = checkDomain('okta.domain', options.domain, 'example.okta.com')
  const server = requireText('okta.authorizationServer', options.authorizationServer)
  if (!/^[A-Za-z0-9]+$/.test(server)) {
    throw new ConfigurationError('okta.authorizationServer', "give the server's id, such as default, and not its URL")
  }
  return Object.freeze({
    provider: 'okta',
    issuer: `https://${domain}/oauth2/${server}`,
    ...readProfileOptions('okta', options, { secretMethod: 'client_secret_basic', algorithms: ['RS256'] }),
    target: 'audience',
    ciba: ciba(options.loginHint),
    exchange: plainExchange,
    token,
  })
}

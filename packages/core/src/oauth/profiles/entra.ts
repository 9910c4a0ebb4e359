import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import type { ExchangeProfile, Profile, TokenProfile } from './profile.ts'
import { type ProfileOptions, profileKeys, readProfileOptions } from './profile-options.ts'

/** Options of {@link entra}. */
export interface EntraOptions extends Omit<ProfileOptions, 'dpop' | 'actor'> {
  /** Id of the directory: a GUID in lower case. For several tenants, make one profile each. */
  readonly tenantId: string
  /** The application's id. */
  readonly clientId: string
  /** Accepted signature algorithms. @default RS256 */
  readonly algorithms?: readonly string[] | undefined
}

const optionKeys = [...profileKeys, 'tenantId'] as const

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Access tokens of version 2.0, for an API of our own. */
const token: TokenProfile = {
  accessTokenTypes: ['jwt'],
  requiredClaims: ['sub', 'oid', 'tid', 'iat', 'azp'],
  clientId: (claims) => textClaim(claims, 'azp'),
  // `sub` differs from application to application, `oid` does not.
  subject: (claims) => textClaim(claims, 'oid'),
  tenant: (claims) => textClaim(claims, 'tid'),
  scopes: ({ scp }) => scp,
  isAgent: isAppOnly,
  // An id_token has neither scopes nor the client that requested it.
  isAccessToken: (claims) => claims.ver === '2.0' && (claims.scp !== undefined || isAppOnly(claims)),
}

const onBehalfOf: ExchangeProfile = {
  grant: 'jwt-bearer',
  subjectTokens: ['access_token'],
  carriesAuthorizationDetails: false,
  // The server sends the second if conditional access demands more than the login had.
  loginRequiredErrors: ['invalid_grant', 'interaction_required'],
}

/**
 * Returns whether the token is an app's own. `idtyp` exists only if the API requests it. An app's own token has no
 * scopes and a single name.
 */
function isAppOnly({ idtyp, scp, oid, sub }: Readonly<Record<string, unknown>>): boolean {
  return idtyp === 'app' || (idtyp === undefined && scp === undefined && oid === sub)
}

/**
 * Makes the profile of a Microsoft Entra ID tenant.
 *
 * Tokens are of version 2.0 (`requestedAccessTokenVersion: 2` in the manifest of the API), and `aud` is the API's
 * application id. There is no backchannel authentication, no DPoP and no RFC 8693. The on-behalf-of grant exchanges a
 * user's token, and its target is a part of its scopes (`api://…/.default`). Makes no request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong, or asks for what Entra does not have.
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow | On-behalf-of at Entra}
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference | Claims at Entra}
 */
export function entra(options: EntraOptions): Profile {
  refuseUnknownKeys('entra', options, optionKeys)
  if ('dpop' in options && options.dpop !== undefined) {
    throw new ConfigurationError('entra.dpop', 'Entra issues Bearer tokens only; leave the key out')
  }
  if ('actor' in options && options.actor !== undefined) {
    throw new ConfigurationError('entra.actor', 'Entra writes no `act`; its tokens name the application in `azp`')
  }
  const tenantId = requireText('entra.tenantId', options.tenantId)
  if (!guid.test(tenantId)) {
    throw new ConfigurationError(
      'entra.tenantId',
      "give the directory's id, a GUID in lower case, and not a domain or common",
    )
  }
  return Object.freeze({
    provider: 'entra',
    issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    ...readProfileOptions('entra', options, {
      secretMethod: 'client_secret_post',
      algorithms: ['RS256'],
      // A use revokes no token: https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens
      rotatesRefreshTokens: false,
    }),
    target: 'scope',
    ciba: undefined,
    exchange: onBehalfOf,
    token,
  })
}

import type { ResourceRoute } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import { ownProfile, type Profile } from '../../oauth/profiles/profile.ts'
import { bridgedToken } from '../credentials/bridged-token.ts'
import { makeRoute } from '../credentials/resource-route.ts'

/** Options of `idJag`. */
export interface IdJagOptions {
  /** The authorization server of the API, and our client there. Not the user's own. */
  readonly authorizationServer: Profile
}

/**
 * Makes a route by Cross App Access: the user's own issuer (an employer's identity provider) asserts the user to the
 * authorization server of an API, which issues the token. For `resource(…, { through: idJag({ … }) })`.
 *
 * Data only: makes no request. The user's identity must have an id_token: from `verifyIdToken`, `verifyTokenResponse`
 * or a stored session.
 *
 * @throws ConfigurationError An option is unknown or wrong, or our client at that server is public.
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/03/ | ID-JAG}
 */
export function idJag(options: IdJagOptions): ResourceRoute {
  refuseUnknownKeys('idJag', options, ['authorizationServer'])
  const profile = ownProfile(options.authorizationServer)
  if (typeof profile?.issuer !== 'string') {
    throw new ConfigurationError('idJag.authorizationServer', 'give the profile of the server that issues the tokens')
  }
  if (profile.clientAuthentication.method === 'none') {
    throw new ConfigurationError(
      'idJag.authorizationServer',
      'a public client should not redeem assertions: a thief could too; give it a secret, a key or a certificate',
    )
  }
  const route = { kind: 'id-jag', issuer: profile.issuer } as const
  return makeRoute(route, { profile, token: bridgedToken(profile) })
}

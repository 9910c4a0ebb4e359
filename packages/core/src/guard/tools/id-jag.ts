import type { ResourceRoute } from '../../base/contract/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import { type Profile, requireConfidentialClient } from '../../oauth/profiles/profile.ts'
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
  // A thief of an assertion could redeem it as a public client.
  const profile = requireConfidentialClient('idJag.authorizationServer', options.authorizationServer)
  const route = { kind: 'id-jag', issuer: profile.issuer } as const
  return makeRoute(route, { profile, token: bridgedToken(profile) })
}

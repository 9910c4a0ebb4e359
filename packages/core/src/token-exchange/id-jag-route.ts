import type { Profile } from '../authorization-server/index.ts'
import type { ResourceRoute } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys } from '../lib/index.ts'

export interface IdJagOptions {
  /** The authorization server of the API, and our client there. Not the user's own. */
  readonly authorizationServer: Profile
}

// Registered, so that a route made by one copy of the package is known to the guard of another.
const profileKey: unique symbol = Symbol.for('@behalf/core@1/id-jag') as never

/**
 * Cross App Access: the user's own issuer (an employer's identity provider) asserts the user to the authorization
 * server of an API, which issues the token. For `resource(…, { through: idJag({ … }) })`.
 *
 * Data only; asks nobody. The user's identity has to come with an id_token: from `verifyIdToken`,
 * `verifyTokenResponse` or a kept session.
 *
 * @throws ConfigurationError An option is unknown or wrong, or our client at that server is a public one.
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/03/ | ID-JAG}
 */
export function idJag(options: IdJagOptions): ResourceRoute {
  refuseUnknownKeys('idJag', options, ['authorizationServer'])
  const { authorizationServer: profile } = options
  if (typeof profile?.issuer !== 'string') {
    throw new ConfigurationError('idJag.authorizationServer', 'give the profile of the server that issues the tokens')
  }
  if (profile.clientAuthentication.method === 'none') {
    throw new ConfigurationError(
      'idJag.authorizationServer',
      'a public client should not redeem assertions: whoever steals one could; give it a secret, a key or a certificate',
    )
  }
  const route = { kind: 'id-jag', issuer: profile.issuer } as const
  // Not enumerable: the digest of a policy is over its data.
  return Object.freeze(Object.defineProperty(route, profileKey, { value: profile }))
}

/** @throws ConfigurationError */
export function checkRoute(route: ResourceRoute): ResourceRoute {
  if (profileOfRoute(route) !== undefined) return route
  throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
}

/** The profile behind a route; `undefined` for anything that `idJag` did not make. */
export function profileOfRoute(route: ResourceRoute): Profile | undefined {
  return (route as { [profileKey]?: Profile } | undefined)?.[profileKey]
}

import type { ResourceRoute } from '../base/contract/index.ts'
import { BehalfError, ConfigurationError, type OAuthResponseError } from '../base/errors/index.ts'
import { defined, refuseUnknownKeys } from '../base/values/index.ts'
import { connectAuthorizationServer } from '../oauth/connect-authorization-server.ts'
import { ownProfile, type Profile } from '../oauth/profiles/profile.ts'
import { endsLogin } from '../oauth/requests/request-fault.ts'
import { redeemIdJag } from './redeem-id-jag.ts'
import { hasIdToken, requestIdJag } from './request-id-jag.ts'
import { makeRoute, type RouteAnswer, type RouteRequest } from './resource-route.ts'

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
  return makeRoute(route, { profile, token: (request) => bridgedToken(request, profile) })
}

/** Gets a token for an API of another domain: the user's issuer asserts the user, the API's own server issues (ID-JAG). */
async function bridgedToken(
  { identity, identityProvider, resource, scopes, fetch, clock, timeoutMs, signal }: RouteRequest,
  profile: Profile,
): Promise<RouteAnswer> {
  if (!hasIdToken(identity)) {
    return { refused: 'login_required', detail: 'the identity came without an id_token to assert the user by' }
  }
  const idJag = await unlessRefused(
    requestIdJag({ identityProvider, identity, authorizationServer: profile, resource, scopes, signal }),
    (refusal) =>
      endsLogin(refusal, identityProvider.profile)
        ? { refused: 'login_required', detail: `the user's issuer refused this id_token: ${refusal.error}` }
        : undefined,
  )
  if ('refused' in idJag) return idJag
  const authorizationServer = connectAuthorizationServer(profile, { fetch, clock, timeoutMs })
  const issued = await unlessRefused(
    redeemIdJag({ authorizationServer, idJag, clock, signal }),
    ({ error, message }) =>
      error === 'invalid_grant'
        ? {
            refused: 'not_permitted',
            detail: `the API's authorization server takes no assertion of this user: ${message}`,
          }
        : undefined,
  )
  return 'refused' in issued ? issued : { issued }
}

type Refused = Extract<RouteAnswer, { refused: string }>

/** Returns the result of `work`, or a server's refusal that has its own meaning for the call. */
async function unlessRefused<T>(
  work: Promise<T>,
  meaning: (refusal: OAuthResponseError) => Refused | undefined,
): Promise<T | Refused> {
  try {
    return await work
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE') throw error
    const refusal = error as OAuthResponseError
    const refused = refusal.error === 'insufficient_user_authentication' ? stepUp(refusal) : meaning(refusal)
    if (refused === undefined) throw error
    return refused
  }
}

/** Reads a step-up challenge (RFC 9470 §3) of an authorization server (ID-JAG §8.2). */
function stepUp({ acrValues, maxAge, message }: OAuthResponseError): Refused {
  return {
    refused: 'step_up_required',
    detail: message,
    ...defined({ acrValues, maxAge }),
  }
}

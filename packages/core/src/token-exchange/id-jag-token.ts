import type { UserIdentity } from '../base/contract/index.ts'
import { BehalfError, type OAuthResponseError } from '../base/errors/index.ts'
import type { Clock, Fetch } from '../base/ports.ts'
import { defined } from '../base/values/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { connectAuthorizationServer } from '../oauth/connect-authorization-server.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import { endsLogin } from '../oauth/requests/request-fault.ts'
import type { AuthorizationServer } from '../oauth/server.ts'
import { redeemIdJag } from './redeem-id-jag.ts'
import { hasIdToken, requestIdJag } from './request-id-jag.ts'

/** A token that a call needs from the authorization server of an API. */
export interface RouteRequest {
  readonly identity: UserIdentity
  /** The user's own issuer. */
  readonly identityProvider: AuthorizationServer
  readonly resource: string
  readonly scopes: readonly string[]
  readonly fetch: Fetch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The token, or a refusal that has its own meaning for the call. */
export type RouteAnswer =
  | { readonly issued: IssuedToken }
  | {
      readonly refused: 'login_required' | 'not_permitted' | 'step_up_required'
      /** Detail for the operator. */
      readonly detail: string
      /** Demands of a step-up. */
      readonly acrValues?: readonly string[]
      readonly maxAge?: number
    }

/** Gets a token for an API of another domain: the user's issuer asserts the user, the API's own server issues (ID-JAG). */
export async function idJagToken(
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

import type { ResourceRoute, UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import type { Clock, Fetch } from '../base/ports.ts'
import type { IssuedToken } from '../credential/index.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer } from '../oauth/server.ts'

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

/** Code that a route carries in addition to its data, so that a guard without routes does not load it. */
export interface RouteBehaviour {
  /** The authorization server of the API, and our client there. */
  readonly profile: Profile
  /** @throws BehalfError Anything but the refusals of {@link RouteAnswer}. */
  token(request: RouteRequest): Promise<RouteAnswer>
}

// Registered, so that the guard of one copy of the package recognizes a route of another copy.
const behaviourKey: unique symbol = Symbol.for('@behalf/core@1/route') as never

/** Makes the value that `resource(…, { through })` takes. Its behaviour is not enumerable: the digest of a policy is over its data. */
export const makeRoute = (route: ResourceRoute, behaviour: RouteBehaviour): ResourceRoute =>
  Object.freeze(Object.defineProperty({ ...route }, behaviourKey, { value: behaviour }))

/** Returns the behaviour of a route; `undefined` for anything that `idJag` did not make. */
export function behaviourOf(route: ResourceRoute): RouteBehaviour | undefined {
  return (route as { [behaviourKey]?: RouteBehaviour } | undefined)?.[behaviourKey]
}

/** @throws ConfigurationError The value is not a route. */
export function checkRoute(route: ResourceRoute): ResourceRoute {
  if (behaviourOf(route) !== undefined) return route
  throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
}

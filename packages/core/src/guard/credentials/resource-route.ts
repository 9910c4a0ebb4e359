import type { ResourceRoute, ResourceRule } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Profile } from '../../oauth/profiles/profile.ts'
import type { PermittedCall } from '../call/call.ts'
import type { FoundToken } from '../call/call-credentials.ts'
import type { Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'

/** Code that a route carries in addition to its data, so that a guard without routes does not load it. */
export interface RouteBehaviour {
  /** The authorization server of the API, and our client there. */
  readonly profile: Profile
  /** Returns the token for an API of another domain. */
  token(call: PermittedCall, rule: ResourceRule, sources: TokenSources): Promise<FoundToken | Refusal>
}

// Registered, so that the guard of one copy of the package recognizes a route of another copy.
const behaviourKey: unique symbol = Symbol.for('@behalf/core@1/route') as never

/** Makes the value that `resource(…, { through })` takes. Its behaviour is not enumerable: the digest of a policy is over its data. */
export const makeRoute = (route: ResourceRoute, behaviour: RouteBehaviour): ResourceRoute =>
  Object.freeze(Object.defineProperty({ ...route }, behaviourKey, { value: behaviour }))

/**
 * Returns the behaviour of a route.
 * @throws ConfigurationError `idJag` did not make the value.
 */
export function routeOf(route: ResourceRoute): RouteBehaviour {
  const behaviour = (route as { [behaviourKey]?: RouteBehaviour } | undefined)?.[behaviourKey]
  if (behaviour !== undefined) return behaviour
  throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
}

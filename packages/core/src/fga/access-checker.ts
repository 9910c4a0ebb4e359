import type { Effect, Identity, Permission } from '../contract/index.ts'

/** What the guard asks at step 4. */
export interface AccessQuestion {
  readonly identity: Identity
  /** The agent's configured name, such as `agent:trader`. */
  readonly agent: string
  readonly permissions: readonly Permission[]
  /** `'user'`: the model has no agents; only the user's right is asked. */
  readonly subjects?: 'user'
  readonly effect: Effect
  readonly signal?: AbortSignal
}

/** One of the questions put to the permission system, and its answer. */
export interface AccessCheck {
  /** In the notation of OpenFGA: `user:ann user_can_trade portfolio:p1`. */
  readonly question: string
  /** True only where the server said so literally (F1). */
  readonly allowed: boolean
  /** Why not, where the answer was not a plain no: missing, malformed, redirected. */
  readonly problem?: string
}

export interface AccessDecision {
  /** True only if every check is. */
  readonly allowed: boolean
  readonly checks: readonly AccessCheck[]
}

/** The permission system, as a port. `openFga()` makes one. */
export interface AccessChecker {
  /**
   * Names users by their `sub` alone, which is unique within one issuer only (F4). A guard that knows
   * several issuers refuses such a checker at construction.
   */
  readonly singleIssuer?: true
  /**
   * @throws TransportError No answer in time: the call is `unavailable`, not denied.
   * @throws InvalidObjectError The user cannot be named in the permission system: the call is denied.
   * @throws ConfigurationError The question does not fit the checker's set-up: the call is denied.
   */
  check(question: AccessQuestion): Promise<AccessDecision>
}

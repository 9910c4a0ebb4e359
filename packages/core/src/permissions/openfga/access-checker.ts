import type { ContextValue, Effect, Explanation, Identity, Permission } from '../../base/contract/index.ts'

/** Question of the guard at step 4. */
export interface AccessQuestion {
  /** Verified user or agent for which the guard asks. */
  readonly identity: Identity
  /** The agent's configured name, such as `agent:trader`. */
  readonly agent: string
  /** Permissions that the policy requires for this call. */
  readonly permissions: readonly Permission[]
  /** `'user'`: the model has no agents, so only the user's right is checked. */
  readonly subjects?: 'user'
  /** Whether the tool reads or writes. */
  readonly effect: Effect
  /** Aborts the check. */
  readonly signal?: AbortSignal
}

/** A question to the permission system, and its answer. */
export interface AccessCheck {
  /** Question in the notation of OpenFGA: `user:ann user_can_trade portfolio:p1`. */
  readonly question: string
  /** Whether the server allowed it literally (F1). */
  readonly allowed: boolean
  /** Problem with the answer, if it was not a plain denial: missing, malformed, redirected. */
  readonly problem?: string | undefined
  /** Explanation of the answer, if the checker has an {@link Explainer}. */
  readonly explanation?: Explanation
}

/** Answer of an {@link AccessChecker}: the decision and the checks behind it. */
export interface AccessDecision {
  /** Whether every check is allowed. */
  readonly allowed: boolean
  /** Questions to the permission system, each with its answer. */
  readonly checks: readonly AccessCheck[]
}

/** Port to the permission system. `openFga()` makes one. */
export interface AccessChecker {
  /**
   * True if the checker names users by their `sub` alone, which is unique only within one issuer (F4). A guard that
   * knows several issuers refuses such a checker at construction.
   */
  readonly singleIssuer?: true
  /**
   * Decides whether the user, and the agent that acts for the user, have the permissions.
   *
   * @throws TransportError No answer in time: the call is `unavailable`, not denied.
   * @throws InvalidObjectError The user cannot be named in the permission system: the call is denied.
   * @throws ConfigurationError The checker is set up wrongly, or the question does not fit: the call is `misconfigured`.
   */
  check(question: AccessQuestion): Promise<AccessDecision>
  /**
   * Returns one decision for each permission, in their order, for lists of documents and tools. Without it, the guard
   * passes each permission to `check` separately.
   * @throws As `check` does: all permissions are answered, or none.
   */
  checkEach?(question: AccessQuestion): Promise<readonly AccessDecision[]>
  /** Checks as `check` does, and returns the reasons. For the operator: never shown to the model. */
  explain?(question: AccessQuestion): Promise<AccessDecision>
}

/** A stored relationship: `user` has `relation` to `object`, if the condition holds. */
export interface RelationshipTuple {
  /** User, object or set of users that has the relation: `user:ann`, `group:g#member`, `user:*`. */
  readonly user: string
  /** Relation as the authorization model names it. */
  readonly relation: string
  /** Object to which the relation holds, as `type:id`. */
  readonly object: string
  /** Condition of the tuple. Put limits here: no question can change a value that a tuple sets. */
  readonly condition?: { readonly name: string; readonly context?: Readonly<Record<string, unknown>> }
}

/** One question to the permission system. */
export interface RelationshipQuestion {
  /** User, object or set of users of the question, such as `user:ann`. */
  readonly user: string
  /** Relation as the authorization model names it. */
  readonly relation: string
  /** Object that is asked about, as `type:id`. */
  readonly object: string
  /** Values for the conditions of tuples. Absent: none. */
  readonly context?: Readonly<Record<string, ContextValue>>
  /** Tuples that apply only to this question; at most 100. */
  readonly contextualTuples?: readonly RelationshipTuple[]
}

/** Explains an answer. The engine of `@behalf/fga-engine` is one; OpenFGA's own API has no such function. */
export interface Explainer {
  /** Returns why the question is allowed or refused. */
  explain(question: RelationshipQuestion): Promise<Explanation>
}

/** Source that may keep a scope from the agent. */
export type ScopeSource = 'roles' | 'ceiling' | 'delegation' | 'subject_token'

export interface ScopeBounds {
  /** Scopes that the policy requests. Already chosen for this call: with or without approval. */
  readonly asked: readonly string[]
  /** Scopes that the user's roles allow. Absent: there is no role map. */
  readonly roles?: ReadonlySet<string> | undefined
  /** Scopes that the agent may ever hold. Absent: it has no ceiling. */
  readonly ceiling?: ReadonlySet<string> | undefined
  /** Scopes that the delegation covers. Absent: the user is present. */
  readonly delegation?: ReadonlySet<string> | undefined
  /** Scopes of the subject token. Only for an exchange to the token's own audience (I5). */
  readonly subjectToken?: ReadonlySet<string> | undefined
}

/** Scope that the agent may not have, and the source that denies it. */
export interface MissingScope {
  readonly scope: string
  readonly source: ScopeSource
}

/** All or nothing: `granted` is empty where something is missing. */
export interface BoundScopes {
  readonly granted: readonly string[]
  readonly missing: readonly MissingScope[]
}

const none: readonly never[] = Object.freeze([])

/**
 * Returns whether the agent may have all scopes that a policy requests: policy ∩ roles ∩ ceiling ∩ delegation (I5).
 *
 * All or nothing, since a tool with half of its scopes would fail half-way; every reason is named. An absent source
 * sets no limit, and an empty one allows nothing. Pure, and cheap enough for every call: it builds no set.
 */
export function boundScopes(bounds: ScopeBounds): BoundScopes {
  const { asked, roles, ceiling, delegation, subjectToken } = bounds
  let missing: MissingScope[] | undefined
  for (const scope of asked) {
    if (roles !== undefined && !roles.has(scope)) missing = noted(missing, scope, 'roles')
    if (ceiling !== undefined && !ceiling.has(scope)) missing = noted(missing, scope, 'ceiling')
    if (delegation !== undefined && !delegation.has(scope)) missing = noted(missing, scope, 'delegation')
    if (subjectToken !== undefined && !subjectToken.has(scope)) missing = noted(missing, scope, 'subject_token')
  }
  return missing === undefined ? { granted: asked, missing: none } : { granted: none, missing }
}

function noted(missing: MissingScope[] | undefined, scope: string, source: ScopeSource): MissingScope[] {
  const all = missing ?? []
  all.push({ scope, source })
  return all
}

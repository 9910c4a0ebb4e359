import type { AccessRule, DenyCode, Identity } from '../contract/index.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { boundScopes, type MissingScope, type ScopeBounds } from '../roles/index.ts'
import { delegatedScopes } from './delegated-work.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

const NO_ROLE_MAP = 'within the ceiling; no role map'

/** The scopes that this call needs of one credential: fewer where the approval rule exempts it (I5). */
export function scopesFor(progress: Progress, rule: AccessRule): readonly string[] {
  return isExempt(progress) ? (rule.withoutApproval ?? []) : rule.scopes
}

/** The policy asks a person, and its `when` says that this call needs nobody. */
export function isExempt({ definition, needsApproval }: Progress): boolean {
  return definition.rules.approval !== undefined && !needsApproval
}

/** Step 3: what the policy needs lies within the user's roles and the agent's ceiling. Does no I/O. */
export function checkRoles(progress: Progress, environment: Environment): Stop | undefined {
  const { definition, identity } = progress
  const { roles: needed } = definition.rules
  if (identity === undefined || (needed === undefined && definition.access.length === 0)) return undefined
  const beyond = beyondSubjectToken(progress, identity)
  if (beyond !== undefined) return deny('not_permitted', beyond)
  const { roles: map, ceiling } = environment
  if (map === undefined) {
    if (needed !== undefined) return deny('misconfigured', 'the policy needs roles and the guard has no `roles` map')
    return withinCeiling(progress, identity, environment)
  }
  const held = map.rolesOf(identity)
  if (needed !== undefined && !needed.some((role) => held.includes(role))) {
    const problem = map.problemOf?.(identity)
    const why = problem === undefined ? '' : ` (${problem})`
    return deny('role_missing', `needs one of ${needed.join(', ')}; has ${held.join(', ') || 'none'}${why}`)
  }
  const sources = { ceiling, roles: map.scopesOf(held), delegation: delegatedScopes(identity) }
  return boundAccess(progress, sources, map.problemOf?.(identity))
}

/** I5: a token for the same API is not to gain scopes by an exchange. What a person approved is no exchange. */
function beyondSubjectToken(progress: Progress, identity: Identity): string | undefined {
  if (progress.needsApproval) return undefined
  const { audience, scopes } = subjectTokenOf(identity) ?? {}
  if (audience === undefined || scopes === undefined) return undefined
  for (const [name, rule] of progress.definition.access) {
    if (rule.kind !== 'resource' || !audience.includes(rule.resource)) continue
    const lacking = scopesFor(progress, rule).find((scope) => !scopes.includes(scope))
    if (lacking !== undefined)
      return `${name}: ${lacking} is not within the user's own token, which is for the same API`
  }
  return undefined
}

/** Without roles, the bounds of a policy are the same for everybody: they are looked at once. */
function withinCeiling(progress: Progress, identity: Identity, { ceiling, bounded }: Environment): Stop | undefined {
  const delegation = delegatedScopes(identity)
  if (delegation !== undefined) return boundAccess(progress, { ceiling, delegation })
  const known = isExempt(progress) ? bounded.exempt : bounded.full
  if (!known.has(progress.definition)) {
    const beyond = boundAccess(progress, { ceiling })
    if (beyond === undefined) known.add(progress.definition)
    return beyond
  }
  progress.passed('roles', NO_ROLE_MAP)
  return undefined
}

function boundAccess(
  progress: Progress,
  { ceiling, roles, delegation }: Pick<ScopeBounds, 'ceiling' | 'roles' | 'delegation'>,
  problem?: string,
): Stop | undefined {
  for (const [name, rule] of progress.definition.access) {
    const bounds = boundScopes({
      asked: scopesFor(progress, rule),
      ceiling,
      delegation,
      // I5: an upstream's scopes are no words of our own roles.
      roles: rule.kind === 'resource' ? roles : undefined,
    })
    if (bounds.missing.length > 0) {
      const byRole = bounds.missing.some(({ source }) => source === 'roles')
      const why = bounds.missing.map(({ scope, source }) => `${name}: ${scope} is not within the ${source}`)
      const detail = [...why, ...(byRole && problem !== undefined ? [problem] : [])].join('; ')
      return deny(scopeDenial(bounds.missing), detail)
    }
  }
  progress.passed('roles', roles === undefined ? NO_ROLE_MAP : 'within roles and ceiling')
  return undefined
}

/** Which refusal it is, where several sources keep a scope away: the user's own right comes first. */
export function scopeDenial(missing: readonly MissingScope[]): DenyCode {
  const has = (source: MissingScope['source']) => missing.some((one) => one.source === source)
  if (has('roles')) return 'role_missing'
  return has('delegation') ? 'delegation_exceeded' : 'misconfigured'
}

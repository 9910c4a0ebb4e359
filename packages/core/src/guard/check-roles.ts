import type { AccessRule } from '../contract/index.ts'
import { boundScopes } from '../roles/index.ts'
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
  const { roles: map, ceiling } = environment
  if (map === undefined) {
    if (needed !== undefined) return deny('misconfigured', 'the policy needs roles and the guard has no `roles` map')
    return withinCeiling(progress, environment)
  }
  const held = map.rolesOf(identity)
  if (needed !== undefined && !needed.some((role) => held.includes(role))) {
    return deny('role_missing', `needs one of ${needed.join(', ')}; has ${held.join(', ') || 'none'}`)
  }
  return boundAccess(progress, ceiling, map.scopesOf(held))
}

/** Without roles, the bounds of a policy are the same for everybody: they are looked at once. */
function withinCeiling(progress: Progress, { ceiling, bounded }: Environment): Stop | undefined {
  const known = isExempt(progress) ? bounded.exempt : bounded.full
  if (!known.has(progress.definition)) {
    const beyond = boundAccess(progress, ceiling, undefined)
    if (beyond === undefined) known.add(progress.definition)
    return beyond
  }
  progress.passed('roles', NO_ROLE_MAP)
  return undefined
}

function boundAccess(
  progress: Progress,
  ceiling: ReadonlySet<string> | undefined,
  roles: ReadonlySet<string> | undefined,
): Stop | undefined {
  for (const [name, rule] of progress.definition.access) {
    const bounds = boundScopes({
      asked: scopesFor(progress, rule),
      ...(ceiling !== undefined && { ceiling }),
      // I5: an upstream's scopes are no words of our own roles.
      ...(roles !== undefined && rule.kind === 'resource' && { roles }),
    })
    if (bounds.missing.length > 0) {
      const detail = bounds.missing
        .map(({ scope, source }) => `${name}: ${scope} is not within the ${source}`)
        .join('; ')
      const byRole = bounds.missing.some(({ source }) => source === 'roles')
      return deny(byRole ? 'role_missing' : 'misconfigured', detail)
    }
  }
  progress.passed('roles', roles === undefined ? NO_ROLE_MAP : 'within roles and ceiling')
  return undefined
}

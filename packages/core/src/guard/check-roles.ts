import type { AccessRule } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import type { Environment } from './environment.ts'
import { type ApprovalCase, grantableScopes, scopeSources, scopesOf } from './grantable-scopes.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/**
 * The scopes that this call may hold of one credential.
 *
 * @throws ConfigurationError The role step did not allow them for this approval case: a fault of the guard.
 */
export function scopesFor(progress: Progress, rule: AccessRule): readonly string[] {
  const { grantable } = progress
  if (grantable === undefined || grantable.approvalCase !== approvalCase(progress)) {
    throw new ConfigurationError('guard', 'credentials were asked for before their scopes were checked')
  }
  return scopesOf(rule, grantable.approvalCase)
}

/** The policy asks a person, and its `when` says that this call needs nobody. */
export function isExempt(progress: Progress): boolean {
  return approvalCase(progress) === 'exempt'
}

function approvalCase({ definition, needsApproval }: Progress): ApprovalCase {
  if (definition.rules.approval === undefined) return 'always'
  return needsApproval ? 'approved' : 'exempt'
}

/** Step 3: the user has a role of the policy, and the agent may hold the scopes that it asks for. Does no I/O. */
export function checkRoles(progress: Progress, { roles, ceiling }: Environment): Stop | undefined {
  const { definition, identity } = progress
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call without an identity come here; the clause is for the type.
  if (identity === undefined || (definition.rules.roles === undefined && definition.access.length === 0)) {
    return undefined
  }
  const found = grantableScopes(
    definition,
    identity,
    approvalCase(progress),
    scopeSources(identity, { roles, ceiling }),
  )
  if ('code' in found) return deny(found.code, found.detail)
  progress.grantable = found
  progress.passed('roles', roles === undefined ? 'within the ceiling; no role map' : 'within roles and ceiling')
  return undefined
}

import { copyOf, defined } from '../../base/values/index.ts'
import type { AccessDecision } from '../../permissions/openfga/access-checker.ts'
import { isAllowed } from '../../permissions/openfga/filter-allowed.ts'
import type { IdentifiedCall } from '../call/call.ts'
import type { Finding } from '../call/call-report.ts'
import { callRule, permissionsAsked } from '../call/call-rule.ts'
import { deny, type Refusal } from '../call/refusal.ts'
import type { Bounds } from '../guard-parts.ts'
import { type ApprovalCase, type GrantableScopes, grantableScopes, scopeSources } from './grantable-scopes.ts'

/** Decides whether a person must approve this call. Only a literal `false` of `approval.when` exempts it. */
export function approvalCaseOf({
  policy,
  input,
  identity,
}: Pick<IdentifiedCall, 'policy' | 'input' | 'identity'>): ApprovalCase {
  const { approval } = policy.rules
  if (approval === undefined) return 'always'
  const { when } = approval
  if (when === undefined) return 'approved'
  return callRule('approval.when', when, { input, identity }) === false ? 'exempt' : 'approved'
}

/**
 * Checks that the user has a role of the policy, and that the agent may hold the scopes that the policy requires. Does
 * no I/O.
 */
export function grant(
  { policy, identity }: IdentifiedCall,
  approvalCase: ApprovalCase,
  bounds: Pick<Bounds, 'roles' | 'ceiling'>,
): Finding<{ readonly grantable: GrantableScopes }> | Refusal {
  const grantable = grantableScopes(policy, identity, approvalCase, scopeSources(identity, bounds))
  if ('code' in grantable) return deny(grantable.code, grantable.detail)
  const facts = { grantable }
  if (policy.rules.roles === undefined && policy.access.length === 0) return { facts }
  return {
    facts,
    detail: bounds.roles === undefined ? 'within the ceiling; no role map' : 'within roles and ceiling',
  }
}

/**
 * Checks in one batch that the user is allowed, the agent is allowed, and the agent acts for the user (F1, F2).
 */
export async function checkPermissions(
  { policy, identity, input, deadline }: IdentifiedCall,
  { permissions: checker, agent, observe, clock }: Bounds,
): Promise<Finding<{ readonly checkedAt: number }> | Refusal> {
  const { permission, subjects } = policy.rules
  if (permission === undefined) return { facts: { checkedAt: clock.now() } }
  if (checker === undefined) {
    return deny('misconfigured', 'asks for a permission: give createGuard `permissions`')
  }
  // Copied, because a rule may reuse the same object for its next call while the checker waits.
  const permissions = copyOf(permissionsAsked('permission', permission, { input, identity }))
  if (permissions.length === 0) return deny('not_permitted', 'the policy asked for no permissions')
  const decision = await checker.check({
    identity,
    agent: agent.name,
    permissions,
    ...defined({ subjects }),
    effect: policy.effect,
    signal: deadline.signal,
  })
  const detail = `${describe(decision)}${subjects === 'user' ? ' (user only: the model has no agents)' : ''}`
  const found = decision.checks.flatMap(({ explanation }) => explanation ?? [])
  const explanations = found.length > 0 ? found : undefined
  const facts = { checkedAt: clock.now() }
  if (isAllowed(decision)) return { facts, detail, explanations }
  if (observe) return { facts, detail, explanations, wouldDeny: true }
  return { ...deny('not_permitted', detail), ...defined({ explanations }) }
}

function describe({ checks }: AccessDecision): string {
  return checks
    .map(
      ({ question, allowed, problem }) =>
        `${question}: ${allowed ? 'yes' : `no${problem === undefined ? '' : ` (${problem})`}`}`,
    )
    .join('; ')
}

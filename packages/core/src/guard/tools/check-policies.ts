import type { Policy } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { GuardParts } from '../guard-parts.ts'
import { channelOf } from '../steps/approver.ts'
import { toolNames } from './define-tool.ts'
import { definitionOf, type PolicyDefinition } from './policy-definition.ts'

/** Finding of `guard.check` that does not stop a call. */
export interface PolicyWarning {
  /** Name of the tool. Absent: the warning is about the guard. */
  readonly tool?: string
  /** Finding and remedy, for the developer. */
  readonly message: string
}

/** Finds every policy that this guard cannot serve for any input and user. Does no I/O. */
export function checkPolicies(policies: Readonly<Record<string, Policy>>, guard: GuardParts): readonly PolicyWarning[] {
  if (typeof policies !== 'object' || policies === null) {
    throw new ConfigurationError('check.policies', 'give an object with a policy for each tool')
  }
  const known = Object.entries(policies).map(([tool, policy]) => ({ tool, policy: definitionOf(policy) }))
  const problems = known.flatMap(({ tool, policy }) =>
    problemsOf(tool, policy, guard).map((problem) => `${tool}: ${problem}`),
  )
  if (problems.length > 0) {
    throw new ConfigurationError('tools', `this guard cannot serve ${problems.join('; ')}`)
  }
  const warnings = known.flatMap(({ tool, policy }) => warningsOf(policy).map((message) => ({ tool, message })))
  const asks = known.some(({ policy }) => policy !== undefined && policy.access.length > 0)
  if (!asks || guard.ceiling !== undefined) return warnings
  const message = 'the agent has no ceiling: list in `agent.ceiling` every scope that it may ever hold'
  return [{ message }, ...warnings]
}

function problemsOf(tool: string, policy: PolicyDefinition | undefined, guard: GuardParts): readonly string[] {
  if (policy === undefined) return ['has no policy: give what policy() or publicTool() made']
  const { permission, visibleWhen, roles, approval } = policy.rules
  const asksPermission = permission !== undefined || visibleWhen !== undefined
  const missing = [
    !toolNames.form.test(tool) && `name it by ${toolNames.words}`,
    asksPermission && guard.permissions === undefined && 'asks for a permission: give createGuard `permissions`',
    roles !== undefined && guard.roles === undefined && 'needs a role: give createGuard `roles`',
    policy.hasConnections && guard.vault === undefined && 'uses a linked account: give createGuard a `vault`',
    approval !== undefined && channelOf(approval, guard),
  ]
  return [...missing.filter((problem) => typeof problem === 'string'), ...scopesBeyond(policy, guard.ceiling)]
}

function scopesBeyond({ access }: PolicyDefinition, ceiling: ReadonlySet<string> | undefined): readonly string[] {
  if (ceiling === undefined) return []
  return access.flatMap(([name, rule]) => {
    const needed = new Set([...rule.scopes, ...(rule.withoutApproval ?? [])])
    const beyond = [...needed].filter((scope) => !ceiling.has(scope))
    return beyond.length === 0 ? [] : [`${name} needs ${beyond.join(' ')}, which agent.ceiling does not list`]
  })
}

function warningsOf(policy: PolicyDefinition | undefined): readonly string[] {
  const { approval, effect, version } = policy?.rules ?? {}
  if (approval === undefined) {
    return effect || policy?.isPublic
      ? []
      : ["`effect` is missing: a repeated call runs again; write 'read' or 'write'"]
  }
  if (version !== undefined) return []
  return ['`version` is missing: an approval still holds after a deploy that changes a function']
}

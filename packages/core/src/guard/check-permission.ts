import type { AccessDecision } from '../fga/access-checker.ts'
import { isAllowed } from '../fga/filter-allowed.ts'
import { answerOf } from './answer-of.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** Step 4: the user may, the agent may, and the agent acts for the user, all in one batch (F1, F2). */
export async function checkPermission(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const { definition, identity, input } = progress
  const { permission, subjects } = definition.rules
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call without an identity come here; the clause is for the type.
  if (permission === undefined || identity === undefined) return undefined
  if (environment.permissions === undefined) {
    return deny('misconfigured', 'the policy has a permission and the guard has no `permissions` checker')
  }
  const asked = answerOf('permission', () => permission({ input, identity }))
  const permissions = Array.isArray(asked) ? asked : [asked]
  if (permissions.length === 0) return deny('not_permitted', 'the policy asked for an empty list of permissions')
  const decision = await environment.permissions.check({
    identity,
    agent: environment.agent.name,
    permissions,
    ...(subjects !== undefined && { subjects }),
    effect: definition.effect,
    signal: progress.signal,
  })
  progress.checkedAt = environment.clock.now()
  const detail = `${describe(decision)}${subjects === 'user' ? ' (user only: the model has no agents)' : ''}`
  const explanations = decision.checks.flatMap(({ explanation }) => explanation ?? [])
  const why = explanations.length > 0 ? explanations : undefined
  if (isAllowed(decision)) {
    progress.passed('permission', detail, why)
    return undefined
  }
  if (!environment.observe) return { ...deny('not_permitted', detail), ...(why !== undefined && { explanations: why }) }
  progress.wouldDeny('permission', detail, why)
  return undefined
}

function describe({ checks }: AccessDecision): string {
  return checks
    .map(
      ({ question, allowed, problem }) =>
        `${question}: ${allowed ? 'yes' : `no${problem === undefined ? '' : ` (${problem})`}`}`,
    )
    .join('; ')
}

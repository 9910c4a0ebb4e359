import type { AccessDecision } from '../fga/access-checker.ts'
import { answerAtOnce } from './answer-at-once.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** Step 4: the user may, the agent may, and the agent acts for the user, all in one batch (F1, F2). */
export async function checkPermission(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const { definition, identity, input } = progress
  const { permission, subjects } = definition.rules
  if (permission === undefined || identity === undefined) return undefined
  if (environment.permissions === undefined) {
    return deny('misconfigured', 'the policy has a permission and the guard has no `permissions` checker')
  }
  const asked = answerAtOnce('permission', permission({ input, identity }))
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
  // A checker is a port: its answer is read as strictly as a server's (F1).
  if (
    decision.allowed === true &&
    decision.checks.length > 0 &&
    decision.checks.every((check) => check.allowed === true)
  ) {
    progress.passed('permission', detail)
    return undefined
  }
  if (!environment.observe) return deny('not_permitted', detail)
  progress.wouldDeny('permission', detail)
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

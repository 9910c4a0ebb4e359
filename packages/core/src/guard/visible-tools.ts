import type { DenyCode, Identity, Permission, Policy } from '../contract/index.ts'
import { decideEach, isAllowed } from '../fga/filter-allowed.ts'
import { isVerified } from '../identity/index.ts'
import { answerOf } from './answer-of.ts'
import { checkIdentity } from './check-identity.ts'
import type { Environment } from './environment.ts'
import { approvalCases, grantableScopes, scopeSources } from './grantable-scopes.ts'
import { definitionOf, type PolicyDefinition } from './policy-definition.ts'
import { Progress } from './progress.ts'
import type { Stop } from './stop.ts'
import { stopOfError } from './stop-of-error.ts'

/** A tool that a call with this identity could not pass, whatever its input. */
export interface HiddenTool {
  readonly tool: string
  readonly reason: DenyCode | 'login_required' | 'unavailable'
  /** For the operator. */
  readonly detail: string
}

export interface VisibleTools {
  /** In the order of the policies. What a model is shown, and no permission: every call is checked as a whole. */
  readonly names: readonly string[]
  readonly hidden: readonly HiddenTool[]
}

type Verdict = Omit<HiddenTool, 'tool'> | 'visible'

/**
 * Which tools are worth showing: public ones, and those that identity, roles, ceiling and `visibleWhen` leave.
 *
 * What depends on an input (`permission`) or on a linked account decides at the call, and hides nothing. All
 * permissions are asked at once, with least latency; while they have no answer, their tools are hidden.
 */
export async function visibleTools(
  policies: Readonly<Record<string, Policy>>,
  identity: Identity | undefined,
  environment: Environment,
): Promise<VisibleTools> {
  const { clock, revocations } = environment
  const now = clock.now()
  // I9: a user whose access was revoked elsewhere is shown what a stranger is.
  const unread: { readonly error: unknown } | undefined =
    identity === undefined || revocations.isFresh(now)
      ? undefined
      : await revocations.refresh(now, identity).then(
          () => undefined,
          (error: unknown) => ({ error }),
        )
  // One fault of the store is told once, for all tools.
  let unknown: Verdict | undefined
  const tools = Object.keys(policies).map((tool) => ({ tool, definition: definitionOf(policies[tool]) }))
  const verdicts = await Promise.all(
    tools.map(async ({ tool, definition }): Promise<Verdict> => {
      if (definition === undefined)
        return { reason: 'no_policy', detail: 'policy() or publicTool() made no such policy' }
      if (definition.isPublic) return 'visible'
      const progress = new Progress({ tool, slot: 'visible', input: {}, identity }, definition, environment)
      progress.at = 'identity'
      if (unread !== undefined) {
        unknown ??= verdictOf(stopOfError(unread.error, progress))
        return unknown
      }
      const beyond = beforePermission(progress, environment)
      if (beyond !== undefined) return beyond
      return permissionVerdict(progress, identity as Identity, environment)
    }),
  )
  const names: string[] = []
  const hidden: HiddenTool[] = []
  for (const [index, { tool }] of tools.entries()) {
    const verdict = verdicts[index] as Verdict
    if (verdict === 'visible') names.push(tool)
    else hidden.push({ tool, ...verdict })
  }
  return { names, hidden }
}

/** Steps 2 and 3, as far as they need no input. */
function beforePermission(progress: Progress, environment: Environment): Verdict | undefined {
  const { definition, invocation } = progress
  const { identity } = invocation
  const stop = checkIdentity(progress, environment, environment.clock.now())
  if (stop !== undefined) return verdictOf(stop)
  return isVerified(identity) ? rolesVerdict(definition, identity, environment) : undefined
}

/** Which approval case a call has depends on its input: one case that is allowed is enough. */
function rolesVerdict(
  definition: PolicyDefinition,
  identity: Identity,
  { roles, ceiling }: Environment,
): Verdict | undefined {
  const sources = scopeSources(identity, { roles, ceiling })
  let first: Verdict | undefined
  for (const approvalCase of approvalCases(definition)) {
    const found = grantableScopes(definition, identity, approvalCase, sources)
    if (!('code' in found)) return undefined
    first ??= { reason: found.code, detail: found.detail }
  }
  return first
}

/** Step 4, as far as it needs no input. Denials are recorded only in observe mode, so there they hide nothing (F5). */
async function permissionVerdict(progress: Progress, identity: Identity, environment: Environment): Promise<Verdict> {
  const { visibleWhen, subjects } = progress.definition.rules
  const checker = environment.permissions
  if (visibleWhen === undefined) return 'visible'
  if (checker === undefined) {
    return { reason: 'misconfigured', detail: 'the policy has a permission and the guard has no `permissions` checker' }
  }
  progress.at = 'permission'
  try {
    const permissions = listOf(answerOf('visibleWhen', () => visibleWhen({ identity })))
    const decisions = await decideEach(checker, {
      identity,
      agent: environment.agent.name,
      permissions,
      ...(subjects !== undefined && { subjects }),
      effect: 'read',
      signal: AbortSignal.timeout(environment.timeoutMs),
    })
    const isVisible = permissions.length > 0 && decisions.length === permissions.length && decisions.every(isAllowed)
    if (isVisible || environment.observe) return 'visible'
    const no = decisions.flatMap(({ checks }) => checks).filter(({ allowed }) => allowed !== true)
    return { reason: 'not_permitted', detail: no.map(({ question }) => `${question}: no`).join('; ') }
  } catch (error) {
    return verdictOf(stopOfError(error, progress))
  }
}

const verdictOf = (stop: Stop): Verdict => ({
  reason: stop.status === 'denied' ? stop.code : stop.status === 'interrupted' ? 'login_required' : 'unavailable',
  detail: stop.detail,
})

const listOf = (asked: Permission | readonly Permission[]): readonly Permission[] =>
  Array.isArray(asked) ? asked : [asked as Permission]

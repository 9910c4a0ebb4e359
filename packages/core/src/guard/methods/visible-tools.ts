import type { DenyCode, Identity, Policy } from '../../base/contract/index.ts'
import { copyOf } from '../../base/values/index.ts'
import { isVerified } from '../../identity/verified.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { decideEach, isAllowed } from '../../permissions/openfga/filter-allowed.ts'
import type { RevokedProof } from '../../records/revocation/index.ts'
import type { IncomingCall } from '../call/call.ts'
import { CallReport } from '../call/call-report.ts'
import { permissionsAsked } from '../call/call-rule.ts'
import { isRefusal, type Refusal } from '../call/refusal.ts'
import type { Bounds, GuardParts } from '../guard-parts.ts'
import { approvalCases, grantableScopes, scopeSources } from '../steps/grantable-scopes.ts'
import { identify } from '../steps/identify.ts'
import { refusalOfError } from '../steps/refusal-of-error.ts'
import { definitionOf, type PolicyDefinition } from '../tools/policy-definition.ts'

/** A tool that no call with this identity could use, with any input. */
export interface HiddenTool {
  /** Name of the tool that is not shown to the model. */
  readonly tool: string
  /** Reason why the tool is hidden. */
  readonly reason: DenyCode | 'login_required' | 'unavailable'
  /** Explanation for the operator. */
  readonly detail: string
}

/** Tools to show to a model, and the hidden tools with the reason. */
export interface VisibleTools {
  /**
   * Names of the visible tools, in the order of the policies. They are for display to a model and grant nothing: the
   * guard checks every call in full.
   */
  readonly names: readonly string[]
  /** Tools that are not shown, with the reason. */
  readonly hidden: readonly HiddenTool[]
}

type Visibility = Omit<HiddenTool, 'tool'> | 'visible'

/**
 * Returns the tools that are worth showing: public tools, and tools that identity, roles, ceiling and `visibleWhen`
 * allow.
 *
 * A `permission`, which depends on the input, and a missing linked account hide nothing: they decide at the call. The
 * guard asks all permissions at once, with least latency. While a permission has no answer, its tool is hidden.
 */
export async function visibleTools(
  policies: Readonly<Record<string, Policy>>,
  identity: Identity | undefined,
  guard: GuardParts,
): Promise<VisibleTools> {
  const now = guard.clock.now()
  const tools = Object.keys(policies).map((tool) => ({ tool, policy: definitionOf(policies[tool]) }))
  // I9: if the user's access was revoked elsewhere, they see only what an unauthenticated user sees.
  let revoked: RevokedProof | undefined
  let unread: { readonly error: unknown } | undefined
  try {
    if (isVerified(identity)) revoked = await guard.revocations.find(identity, now)
  } catch (error) {
    unread = { error }
  }
  // Reports a fault of the store once, for all tools.
  let unknown: Visibility | undefined
  const verdicts = await Promise.all(
    tools.map(async ({ tool, policy }): Promise<Visibility> => {
      if (policy === undefined) return { reason: 'no_policy', detail: 'policy() or publicTool() made no such policy' }
      if (policy.isPublic) return 'visible'
      const invocation = { tool, slot: 'visible', input: {}, identity }
      const call = { invocation, policy, report: new CallReport(invocation, guard, now) }
      call.report.at = 'identity'
      if (unread !== undefined) {
        unknown ??= verdictOf(refusalOfError(unread.error, call))
        return unknown
      }
      const found = identify(invocation, guard, guard.clock.now(), revoked)
      if (isRefusal(found)) return verdictOf(found)
      const known = found.facts.identity
      return rolesVerdict(policy, known, guard) ?? permissionVerdict(call, known, guard)
    }),
  )
  const names: string[] = []
  const hidden: HiddenTool[] = []
  for (const [index, { tool }] of tools.entries()) {
    const verdict = verdicts[index] as Visibility
    if (verdict === 'visible') names.push(tool)
    else hidden.push({ tool, ...verdict })
  }
  return { names, hidden }
}

/** Checks the roles. The input decides which approval case a call has, so one allowed case is enough. */
function rolesVerdict(policy: PolicyDefinition, identity: Identity, bounds: Bounds): Visibility | undefined {
  const sources = scopeSources(identity, bounds)
  let first: Visibility | undefined
  for (const approvalCase of approvalCases(policy)) {
    const found = grantableScopes(policy, identity, approvalCase, sources)
    if (!('code' in found)) return undefined
    first ??= { reason: found.code, detail: found.detail }
  }
  return first
}

/**
 * The permissions of a call, as far as they need no input. Denials are recorded only in observe mode, so there they hide
 * nothing (F5).
 */
async function permissionVerdict(
  call: Pick<IncomingCall, 'invocation' | 'policy' | 'report'>,
  identity: Identity,
  { permissions: checker, agent, observe, timeoutMs }: GuardParts,
): Promise<Visibility> {
  const { visibleWhen, subjects } = call.policy.rules
  if (visibleWhen === undefined) return 'visible'
  if (checker === undefined) {
    return { reason: 'misconfigured', detail: 'asks for a permission: give createGuard `permissions`' }
  }
  call.report.at = 'permission'
  try {
    const permissions = copyOf(permissionsAsked('visibleWhen', visibleWhen, { identity }))
    const question = { identity, agent: agent.name, permissions, effect: 'read' } as const
    const decisions = await withinDeadline({ timeoutMs }, (signal) =>
      decideEach(checker, { ...question, ...(subjects !== undefined && { subjects }), signal }),
    )
    const isVisible = permissions.length > 0 && decisions.length === permissions.length && decisions.every(isAllowed)
    if (isVisible || observe) return 'visible'
    const no = decisions.flatMap(({ checks }) => checks).filter(({ allowed }) => allowed !== true)
    return { reason: 'not_permitted', detail: no.map(({ question }) => `${question}: no`).join('; ') }
  } catch (error) {
    return verdictOf(refusalOfError(error, call))
  }
}

const verdictOf = (refusal: Refusal): Visibility => ({
  reason:
    refusal.status === 'denied' ? refusal.code : refusal.status === 'interrupted' ? 'login_required' : 'unavailable',
  detail: refusal.detail,
})

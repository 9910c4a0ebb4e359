import { ConfigurationError } from '@behalf/core'
import { denySentences, plainCopy, refusalParts, tellError, tellFault, toolRefusal } from '@behalf/core/spi'
import { type Finding, findingKey, identityOf, pauseOf, runOf, slotOf } from './call-context.ts'
import type { AnyRunContext, GuardedCall } from './guard-tools-options.ts'

export type NeedsApproval = (runContext: AnyRunContext, input: unknown, callId?: string) => Promise<boolean>

/**
 * Makes the tool's `needsApproval` from the guard's preflight. Never rejects: a rejection would reject the whole run,
 * with its message.
 *
 * A call that is refused needs no person: `invoke` tells the model why, without asking the guard a second time.
 */
export function needsApprovalOf(call: GuardedCall): NeedsApproval {
  return async (runContext, given, callId) => {
    const { findings, asked } = runOf(runContext)
    asked.add(findingKey(call.name, callId, null))
    const key = findingKey(call.name, callId, given)
    const finding = await findingOf(call, runContext, given, callId)
    if (finding === undefined) findings.delete(key)
    else findings.set(key, finding)
    return finding !== undefined && 'interrupt' in finding
  }
}

async function findingOf(
  call: GuardedCall,
  runContext: AnyRunContext,
  given: unknown,
  callId: string | undefined,
): Promise<Finding | undefined> {
  const { owner, name, own, policy, options } = call
  const { guard } = options
  try {
    // Read before the first wait, because an app may reuse the same objects for its next run.
    const identity = identityOf(call)
    const input = plainCopy(given) ?? null
    if (callId === undefined) throw new ConfigurationError(owner, 'the framework gave this call no id')
    const slot = slotOf(call, runContext, callId)
    if (await own.needsApproval(runContext, given, callId)) {
      throw new ConfigurationError(
        `${owner}.tools.${name}.needsApproval`,
        'would let any answer of the framework run the tool: give approval in the policy',
      )
    }
    const invocation = { tool: name, slot, input, rawInput: input, identity }
    const outcome = await guard.preflight(policy, invocation)
    tellFault(outcome, name, options)
    if (outcome.status === 'interrupted') {
      // `invoke` waits instead, since it can react to an abort.
      if (outcome.maxWaitSeconds !== undefined) return undefined
      return { interrupt: await guard.pauses.bind(outcome.interrupt, pauseOf(slot, input)) }
    }
    if (outcome.status === 'ready') return undefined
    return { refusal: toolRefusal(...refusalParts(outcome)) }
  } catch (error) {
    tellError(error, name, options)
    return { refusal: toolRefusal('misconfigured', denySentences.misconfigured) }
  }
}

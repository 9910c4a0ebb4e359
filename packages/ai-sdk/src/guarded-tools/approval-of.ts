import { denySentences, tellError, tellFault } from '@behalf/core/spi'
import { pauseOf } from '../messages/call-in-messages.ts'
import type { GuardedCall, ToolApprovalFunction } from './guarded-tools.ts'
import { incomingCall, rawInputOf } from './raw-input.ts'

/** Tools of a request whose `toolApproval` was called. */
const asked = new WeakSet<GuardedCall>()

/** Returns whether the app passed the tool's `toolApproval` on, as far as is known. */
export const wasAsked = (call: GuardedCall): boolean => asked.has(call)

/** Makes a `toolApproval` from the guard's preflight. */
export function approvalOf(call: GuardedCall): ToolApprovalFunction {
  const { name, policy, options } = call
  const { guard, identity, threadId } = options
  return async (given, execution) => {
    asked.add(call)
    try {
      const incoming = incomingCall(name, given, execution)
      const {
        input,
        held: { id },
      } = incoming
      const rawInput = await rawInputOf(call, incoming)
      const slot = [threadId, id] as const
      const outcome = await guard.preflight(policy, { tool: name, slot, input, rawInput, identity })
      tellFault(outcome, name, options)
      if (outcome.status === 'denied' || outcome.status === 'unavailable') {
        return { type: 'denied', reason: outcome.message }
      }
      // If the policy says how long a call waits, `execute` waits, since it can react to an abort.
      if (outcome.status === 'ready' || outcome.maxWaitSeconds !== undefined) return undefined
      return {
        type: 'user-approval',
        reason: JSON.stringify(await guard.pauses.bind(outcome.interrupt, pauseOf(threadId, id, input, rawInput))),
      }
    } catch (error) {
      // A rejection here would reject the whole generation, with its message.
      tellError(error, name, options)
      return { type: 'denied', reason: denySentences.misconfigured }
    }
  }
}

import { ConfigurationError, type Guard } from '@behalf/core'
import { denySentences, tellError, tellFault } from '@behalf/core/spi'
import { pauseOf } from '../messages/call-in-messages.ts'
import type { GuardedCall, ToolApprovalFunction } from './guard-tools-options.ts'
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

const told = new WeakSet<Guard>()

/**
 * Reports that the app passed on the tools without their `toolApproval`, once for each guard. Without `onError` it is
 * printed: the person is asked, and nothing else would say why their approval has no effect.
 */
export function reportUnasked({ owner, name, options }: GuardedCall): void {
  const { guard, onError } = options
  if (told.has(guard)) return
  told.add(guard)
  const error = new ConfigurationError(
    `${owner}.toolApproval`,
    'was not passed on, so this call cannot wait for a person, and their approval has no effect: pass both, as in generateText({ ...guarded })',
  )
  if (onError === undefined) console.warn(error.message)
  else tellError(error, name, options)
}

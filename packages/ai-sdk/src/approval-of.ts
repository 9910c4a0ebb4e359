import type { ToolApprovalFunction } from './guard-tools.ts'
import { type GuardedCall, report } from './guarded-call.ts'
import { misconfiguredSentence } from './sentences.ts'

/** Preflight, as an answer of `toolApproval`. */
export function approvalOf({ name, policy, options }: GuardedCall): ToolApprovalFunction {
  const { guard, identity, threadId, onError } = options
  return async (input, { toolCallId }) => {
    try {
      const outcome = await guard.preflight(policy, {
        tool: name,
        slot: [threadId, toolCallId],
        input,
        ...(identity !== undefined && { identity }),
      })
      switch (outcome.status) {
        case 'ready':
          return undefined
        case 'interrupted':
          return { type: 'user-approval', reason: JSON.stringify(outcome.interrupt) }
        case 'denied':
        case 'unavailable':
          return { type: 'denied', reason: outcome.message }
        default:
          return outcome satisfies never
      }
    } catch (error) {
      // A rejection here would reject the whole generation, with its message.
      report(onError, error, name)
      return { type: 'denied', reason: misconfiguredSentence }
    }
  }
}

import { interruptSentences, type Outcome, ToolAuthorizationError, toolFailedSentence } from '@behalf/core'
import type { ToolExecutionOptions } from 'ai'
import type { GuardedCall } from './guarded-tools.ts'
import { reportError } from './report-error.ts'

type Execute = (input: unknown, options: ToolExecutionOptions<unknown>) => unknown

/** The tool's `execute` behind `guard.run`. */
export function guardExecute(execute: Execute, call: GuardedCall): Execute {
  const { guard, identity, threadId } = call.options
  return async (input, options) => {
    const { toolCallId, abortSignal } = options
    const invocation = {
      tool: call.name,
      slot: [threadId, toolCallId],
      input,
      ...(identity !== undefined && { identity }),
      ...(abortSignal !== undefined && { signal: abortSignal }),
    } as const
    let outcome: Outcome<unknown>
    try {
      outcome = await guard.run(call.policy, invocation, (parsed) => lastOf(execute(parsed, options)))
    } catch (error) {
      if (abortSignal?.aborted === true && error === abortSignal.reason) throw error
      reportError(error, call)
      throw new ToolAuthorizationError('tool_failed', toolFailedSentence)
    }
    return resultOf(outcome)
  }
}

function resultOf(outcome: Outcome<unknown>): unknown {
  switch (outcome.status) {
    case 'done':
      return outcome.result
    case 'denied':
      throw new ToolAuthorizationError(outcome.code, outcome.message)
    case 'unavailable':
      throw new ToolAuthorizationError('unavailable', outcome.message)
    case 'interrupted':
      throw new ToolAuthorizationError(
        outcome.interrupt.kind,
        interruptSentences[outcome.interrupt.kind],
        outcome.interrupt,
      )
    default:
      return outcome satisfies never
  }
}

/** A generator's last value is its output, as the AI SDK has it. Read within the call, where credentials work. */
async function lastOf(returned: unknown): Promise<unknown> {
  if (!isAsyncIterable(returned)) return returned
  let last: unknown
  for await (const value of returned) last = value
  return last
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

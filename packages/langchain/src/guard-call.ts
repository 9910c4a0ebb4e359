import { interruptSentences, type Outcome, toolFailedSentence } from '@behalf/core'
import { isGraphBubbleUp } from '@langchain/langgraph'
import type { GuardedCall } from './guarded-tools.ts'
import { pause, takeWakeUps } from './pause.ts'
import { refusal } from './refusal.ts'
import { reportError } from './report-error.ts'
import { identityOf, type RunConfig, slotOf } from './run-config.ts'
import { amongSiblings } from './siblings.ts'

/** `func` and `_call` of LangChain's tools. */
export type ToolBody = (input: unknown, runManager?: unknown, config?: RunConfig) => unknown

/** A tool's function behind `guard.run`. */
export function guardCall(call: GuardedCall, body: ToolBody): ToolBody {
  return (input, runManager, config = {}) =>
    amongSiblings(config, (siblings) =>
      outcomeOf(call, input, config, (parsed) => body(parsed, runManager, config), siblings),
    )
}

type Body = (parsed: unknown) => unknown

async function outcomeOf(
  call: GuardedCall,
  input: unknown,
  config: RunConfig,
  body: Body,
  siblingsDone: () => Promise<void>,
): Promise<unknown> {
  const { name, policy, guard } = call
  const identity = identityOf(call, config)
  const { signal } = config
  const invocation = {
    tool: name,
    slot: slotOf(config),
    input,
    ...(identity !== undefined && { identity }),
    ...(signal !== undefined && { signal }),
  }
  takeWakeUps(config)
  for (;;) {
    let outcome: Outcome<unknown>
    try {
      outcome = await guard.run(policy, invocation, body)
    } catch (error) {
      return failure(call, config, error)
    }
    switch (outcome.status) {
      case 'done':
        return isAsyncGenerator(outcome.result) ? quiet(outcome.result, call, config) : outcome.result
      case 'denied':
        return refusal(call, config, outcome.code, outcome.message)
      case 'unavailable':
        return refusal(call, config, 'unavailable', outcome.message)
      case 'interrupted':
        if (!(await pause(outcome.interrupt, call, config, siblingsDone))) {
          const { kind } = outcome.interrupt
          return refusal(call, config, kind, interruptSentences[kind], outcome.interrupt)
        }
        break
      default:
        return outcome satisfies never
    }
  }
}

/** What the body threw, or the guard itself. LangChain would write the error's text to the model. */
function failure(call: GuardedCall, config: RunConfig, error: unknown): unknown {
  // A pause or a jump that the body asked of LangGraph is not a failure.
  if (isBubbleUp(error)) throw error
  if (config.signal?.aborted === true) throw config.signal.reason
  reportError(error, call)
  return refusal(call, config, 'tool_failed', toolFailedSentence)
}

const isBubbleUp = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && isGraphBubbleUp(error as Error)

/** A generator's events and output as they come; what it throws is no more for the model than what a body throws. */
async function* quiet(
  events: AsyncGenerator<unknown, unknown, unknown>,
  call: GuardedCall,
  config: RunConfig,
): AsyncGenerator<unknown, unknown, unknown> {
  try {
    return yield* events
  } catch (error) {
    return failure(call, config, error)
  }
}

const isAsyncGenerator = (value: unknown): value is AsyncGenerator<unknown, unknown, unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value && 'return' in value

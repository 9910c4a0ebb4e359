import { interruptSentences, type Outcome, toolFailedSentence } from '@behalf/core'
import { isGraphBubbleUp } from '@langchain/langgraph'
import type { GuardedCall } from './guarded-tools.ts'
import { pause, takeWakeUps } from './pause.ts'
import { refusal } from './refusal.ts'
import { reportError } from './report-error.ts'
import { identityOf, type RunConfig, slotOf } from './run-config.ts'
import { amongSiblings, scratchpadOf } from './siblings.ts'

/** `func` and `_call` of LangChain's tools. */
export type ToolBody = (input: unknown, runManager?: unknown, config?: RunConfig) => unknown

/** A tool's function behind `guard.run`. */
export function guardCall(call: GuardedCall, body: ToolBody): ToolBody {
  return (input, runManager, config = {}) => {
    const run = (parsed: unknown) => body(parsed, runManager, config)
    const task = scratchpadOf(config)
    if (task === undefined) return outcomeOf(call, input, config, run, nobody)
    return amongSiblings(task, (siblings) => outcomeOf(call, input, config, run, siblings))
  }
}

type Body = (parsed: unknown) => unknown

/** Outside a graph there are no siblings. */
const nobody = async (): Promise<void> => {}

async function outcomeOf(
  call: GuardedCall,
  input: unknown,
  config: RunConfig,
  body: Body,
  siblingsDone: () => Promise<void>,
): Promise<unknown> {
  const invocation = {
    tool: call.name,
    slot: slotOf(config),
    input,
    identity: identityOf(call, config),
    signal: config.signal,
  }
  takeWakeUps(config)
  for (;;) {
    let outcome: Outcome<unknown>
    try {
      outcome = await call.guard.run(call.policy, invocation, body)
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
      case 'interrupted': {
        const { interrupt } = outcome
        if (await pause(interrupt, call, config, siblingsDone)) continue
        return refusal(call, config, interrupt.kind, interruptSentences[interrupt.kind], interrupt)
      }
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

import { type Call, ConfigurationError, type Outcome } from '@behalf/core'
import {
  behindGuard,
  denySentences,
  redactorOf,
  refusalParts,
  tellError,
  tellFault,
  toolFailedSentence,
} from '@behalf/core/spi'
import { isGraphBubbleUp } from '@langchain/langgraph'
import type { GuardedCall } from './guard-tools-options.ts'
import type { Enclosing } from './nesting.ts'
import { pauseFor } from './pause.ts'
import { placeOf } from './place.ts'
import { refusal } from './refusal.ts'
import { replayedResult } from './replayed.ts'
import { type Events, isAsyncGenerator, runBody } from './run-body.ts'
import { copyOf, identityOf, isRecord, type RunConfig, slotOf, toolCallIdOf } from './run-config.ts'
import { amongSiblings, type Until } from './siblings.ts'
import { fromStored } from './stored-result.ts'
import { type IncomingCall, incomingOf, takeIncoming } from './written-by.ts'

/** `func` and `_call` of LangChain's tools. */
export type ToolBody = (input: unknown, runManager?: unknown, config?: RunConfig) => unknown

/** A tool's function behind `guard.run`. */
export function guardCall(call: GuardedCall, body: ToolBody): ToolBody {
  // If LangChain refused the result after the run, it would tell the model to call again, and the action would run
  // twice (A13).
  const demand = (result: unknown) => {
    if (call.responseFormat !== 'content_and_artifact' || (Array.isArray(result) && result.length === 2)) return
    throw new TypeError(
      'the body of a tool whose responseFormat is "content_and_artifact" returned no [content, artifact]',
    )
  }
  return behindGuard<ToolBody>((input, runManager, given = {}) => {
    const parsed = takeIncoming(given)
    // Copied before any wait, because an app may reuse the same objects for its next call.
    const config = parsed === undefined ? copyOf(given) : given
    const incoming = parsed ?? incomingOf(input, config)
    const { written = input } = incoming
    const enclosing = { place: placeOf(call.name, written, config), config, callId: toolCallIdOf(config) }
    const run = (parsed: unknown, one: Call) =>
      runBody(enclosing, (own) => body(parsed, runManager, own), { redact: redactorOf(one), demand })
    return amongSiblings(config, (until) => outcomeOf(call, [input, written, incoming], enclosing, run, until))
  })
}

async function outcomeOf(
  call: GuardedCall,
  [input, written, incoming]: readonly [input: unknown, written: unknown, incoming: IncomingCall],
  enclosing: Enclosing,
  run: (parsed: unknown, call: Call) => unknown,
  until: Until,
): Promise<unknown> {
  const { place, config, callId } = enclosing
  const identity = identityOf(call, incoming.told)
  if (identity === 'conflict') {
    const cause = 'was given with the tools for one user, and this run is for another: give it in one place'
    tellError(new ConfigurationError(`${call.owner}.identity`, cause), call.name, call)
    return refusal(call, config, 'misconfigured', denySentences.misconfigured)
  }
  const invocation = {
    tool: call.name,
    slot: slotOf(config, call.name, written, incoming),
    input,
    rawInput: written,
    identity,
    signal: config.signal,
  }
  let outcome: Outcome<unknown>
  try {
    outcome = await call.guard.run(call.policy, invocation, run)
  } catch (error) {
    return failure(call, config, error)
  }
  if (outcome.status === 'done') {
    const { result, ranAt } = outcome
    if (isAsyncGenerator(result)) return quiet(result, call, enclosing, until)
    const whole = fromStored(result, callId)
    return ranAt === undefined ? whole : replayedResult(whole, ranAt, call, config)
  }
  tellFault(outcome, call.name, call)
  const paused = outcome.status === 'interrupted' && (await pauseFor(outcome.interrupt, call, place, config))
  if (paused) throw paused
  return refusal(call, config, ...refusalParts(outcome))
}

/** Handles an error of the body or of the guard itself. LangChain would write its text to the model. */
function failure(call: GuardedCall, config: RunConfig, error: unknown): unknown {
  // A pause or a jump that the body asked of LangGraph is not a failure.
  if (isRecord(error) && isGraphBubbleUp(error as unknown as Error)) throw error
  if (config.signal?.aborted === true) throw config.signal.reason
  tellError(error, call.name, call)
  return refusal(call, config, 'tool_failed', toolFailedSentence)
}

/** Returns a generator with the same events and output. Handles its error like a body's error. */
function quiet(events: Events, call: GuardedCall, { config, callId }: Enclosing, until: Until): Events {
  const { promise, resolve } = Promise.withResolvers<void>()
  until(promise)
  return (async function* () {
    try {
      return fromStored(yield* events, callId)
    } catch (error) {
      return failure(call, config, error)
    } finally {
      resolve()
    }
  })()
}

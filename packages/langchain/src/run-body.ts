import type { Redactor } from '@behalf/core/spi'
import { pickRunnableConfigKeys } from '@langchain/core/runnables'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'
import { scratchpadOf } from './graph-task.ts'
import { type Enclosing, within } from './nesting.ts'
import { type OwnQuestions, ownQuestions } from './own-questions.ts'
import { redactResult } from './redact-result.ts'
import type { RunConfig } from './run-config.ts'
import { toStored } from './stored-result.ts'

/** A tool's code. It gets its config. */
type Body = (config: RunConfig) => unknown

/** Changes to a result within its run. */
export interface ResultRules {
  readonly redact: Redactor
  /** @throws TypeError LangChain would refuse it. */
  readonly demand: (result: unknown) => void
}

/**
 * Runs a tool's code within its call: with the answers to its own questions, and as the surroundings of other calls.
 */
export async function runBody(call: Enclosing, body: Body, rules: ResultRules): Promise<unknown> {
  const questions = ownQuestions(call.place, call.config)
  const { config: asked, named } = questions instanceof Promise ? await questions : questions
  const config = withSilentWriter(asked, rules.redact)
  const enter = <Result>(step: () => Result): Result =>
    within(call, () => (scratchpadOf(config) === undefined ? step() : inGraph(config, step)))
  try {
    const result = await enter(() => body(config))
    if (isAsyncGenerator(result)) return stepwise(result, { enter, named, callId: call.callId, ...rules })
    rules.demand(result)
    // The guard itself redacts text.
    return typeof result === 'string' ? result : toStored(redactResult(result, rules.redact), call.callId)
  } catch (error) {
    throw await named(error)
  }
}

/** Returns the config for a tool's code. Its custom stream gets no token of the call. */
function withSilentWriter(config: RunConfig, redact: Redactor): RunConfig {
  const { writer } = config
  return typeof writer !== 'function' ? config : { ...config, writer: (chunk) => writer(redactResult(chunk, redact)) }
}

/** Runs a step in its graph. `interrupt()` reads the async context, and not the config that a tool's code gets. */
const inGraph = <Result>(config: RunConfig, step: () => Result): Result =>
  AsyncLocalStorageProviderSingleton.runWithConfig(pickRunnableConfigKeys(config as never), step as never) as Result

/** Events of a tool, and its result. */
export type Events = AsyncGenerator<unknown, unknown, unknown>

interface Surroundings extends Pick<OwnQuestions, 'named'>, ResultRules {
  readonly enter: <Result>(step: () => Result) => Result
  readonly callId: string | undefined
}

async function* stepwise(events: Events, { enter, named, callId, redact, demand }: Surroundings): Events {
  let ended = false
  try {
    for (;;) {
      const { done, value } = await enter(() => events.next())
      const clean = typeof value === 'string' ? value : redactResult(value, redact)
      if (done) {
        ended = true
        demand(value)
        return toStored(clean, callId)
      }
      yield clean
    }
  } catch (error) {
    ended = true
    throw await named(error)
  } finally {
    if (!ended) await enter(() => events.return(undefined))
  }
}

export const isAsyncGenerator = (value: unknown): value is Events =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value && 'return' in value

import type { Redactor } from '@behalf/core'
import { pickRunnableConfigKeys } from '@langchain/core/runnables'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'
import { scratchpadOf } from './graph-task.ts'
import { type Enclosing, within } from './nesting.ts'
import { type OwnQuestions, ownQuestions } from './own-questions.ts'
import { redactResult } from './redact-result.ts'
import type { RunConfig } from './run-config.ts'

/** A tool's code, with the config that it is to have. */
type Body = (config: RunConfig) => unknown

/** Runs a tool's code within its call: with the answers to its own questions, and as what other calls stand in. */
export async function runBody(call: Enclosing, body: Body, redact: Redactor): Promise<unknown> {
  const { config, named } = await ownQuestions(call.place, call.config)
  const enter = <Result>(step: () => Result): Result =>
    within(call, () => (scratchpadOf(config) === undefined ? step() : inGraph(config, step)))
  try {
    const result = await enter(() => body(config))
    return isAsyncGenerator(result) ? stepwise(result, { enter, named, redact }) : redactResult(result, redact)
  } catch (error) {
    throw await named(error)
  }
}

/** `interrupt()` reads its surroundings, and not what a tool's code is handed. */
const inGraph = <Result>(config: RunConfig, step: () => Result): Result =>
  AsyncLocalStorageProviderSingleton.runWithConfig(pickRunnableConfigKeys(config as never), step as never) as Result

type Events = AsyncGenerator<unknown, unknown, unknown>

interface Surroundings extends Pick<OwnQuestions, 'named'> {
  readonly enter: <Result>(step: () => Result) => Result
  readonly redact: Redactor
}

async function* stepwise(events: Events, { enter, named, redact }: Surroundings): Events {
  let ended = false
  try {
    for (;;) {
      const { done, value } = await enter(() => events.next())
      const clean = typeof value === 'string' ? value : redactResult(value, redact)
      if (done) {
        ended = true
        return clean
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

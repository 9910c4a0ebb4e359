import { BaseCallbackHandler } from '@langchain/core/callbacks/base'
import type { RunnableConfig } from '@langchain/core/runnables'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'
import type { RunConfig } from './run-config.ts'

/** Asked at each use: LangGraph sets it when it loads, which may be later than this module. */
const storage = () => AsyncLocalStorageProviderSingleton.getInstance()

/**
 * Runs code that sees documents which the user may not see. The code finds no callbacks, no stream and no tracer of the
 * run around it. Tracing by the environment is off.
 */
export function unobserved<Result>(
  { signal, configurable = {}, ...config }: Partial<RunnableConfig>,
  search: (config: Partial<RunnableConfig>) => Promise<Result>,
): Promise<Result> {
  const { context } = config as RunConfig
  const own = Object.entries(configurable).filter(([key]) => !key.startsWith('__') && !key.startsWith('checkpoint_'))
  const alone = {
    callbacks: [new NoTracer()],
    configurable: Object.fromEntries(own),
    ...(context !== undefined && { context }),
    ...(signal !== undefined && { signal }),
  }
  // Without a store, LangChain finds no traced run around this one, and makes one that is not traced.
  return storage().run(undefined, () => AsyncLocalStorageProviderSingleton.runWithConfig(alone, () => search(alone)))
}

/**
 * Replaces LangSmith's tracer, which LangChain would add if the surroundings were lost, as in a graph. A handler of
 * this name exists already, and the runs that it knows are not traced.
 */
class NoTracer extends BaseCallbackHandler {
  readonly name = 'langchain_tracer'
  readonly #untraced = storage().run(undefined, () =>
    AsyncLocalStorageProviderSingleton.runWithConfig({ callbacks: [] }, () => storage().getStore() as object),
  )

  getRunTreeWithTracingConfig(): object {
    return Object.create(this.#untraced)
  }

  updateFromRunTree(): void {}

  copyWithTracingConfig(): this {
    return this
  }
}

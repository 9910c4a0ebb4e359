import type { DefinedTool, Guard } from '@behalf/core'
import { policiesOf, type ReadTool, readTools } from '@behalf/core/spi'
import { patchConfig, pickRunnableConfigKeys } from '@langchain/core/runnables'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'
import { DynamicStructuredTool, type DynamicTool, tool } from '@langchain/core/tools'
import { guardNamed } from './guard-tools.ts'
import type { GuardableTool, GuardToolsOptions } from './guard-tools-options.ts'

/**
 * Makes guarded tools of LangChain from tools that `defineTool` made. They behave as those of {@link guardTools}.
 * @throws ConfigurationError An unknown option, a duplicate name, or a tool that this guard cannot serve.
 */
export function toLangChainTools(
  guard: Guard,
  tools: readonly DefinedTool[],
  context: Omit<GuardToolsOptions<readonly GuardableTool[]>, 'guard' | 'policies'> = {},
): DynamicStructuredTool[] {
  const read = readTools('toLangChainTools', tools)
  const made = read.map(toolOf)
  const policies = policiesOf(read) as never
  return guardNamed('toLangChainTools', made as readonly GuardableTool[], { ...context, guard, policies }) as never
}

type Func = DynamicStructuredTool['func']

/**
 * Makes a tool as LangChain's `tool()` does. At an abort, `tool()` drops what the code still returns, so a write that
 * was done would be in doubt. This tool returns it, and the next equal call gets it.
 */
function toolOf({ name, description, input, execute }: ReadTool): DynamicStructuredTool | DynamicTool {
  const fields = { name, description, schema: input as never }
  const made = tool(execute as never, fields) as unknown as DynamicStructuredTool | DynamicTool
  if (!(made instanceof DynamicStructuredTool)) return made
  const func: Func = (given, runManager, config) => {
    const own = patchConfig(config, { callbacks: runManager?.getChild() as never })
    const run = () => execute(given as never)
    return AsyncLocalStorageProviderSingleton.runWithConfig(pickRunnableConfigKeys(own), run as never) as never
  }
  return new DynamicStructuredTool({ ...fields, func })
}

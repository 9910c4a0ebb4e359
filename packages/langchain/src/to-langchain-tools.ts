import type { DefinedTool, Guard } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { type DynamicStructuredTool, tool } from '@langchain/core/tools'
import { guardNamed } from './guard-tools.ts'
import type { GuardableTool, GuardToolsOptions } from './guarded-tools.ts'

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
  const made = read.map(({ name, description, input, execute }) =>
    tool(execute as never, { name, description, schema: input as never }),
  )
  const policies = policiesOf(read) as never
  return guardNamed('toLangChainTools', made as readonly GuardableTool[], { ...context, guard, policies }) as never
}

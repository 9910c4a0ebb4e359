import type { DefinedTool, Guard } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { type GuardedTools, type GuardToolsOptions, guardTools } from './guard-tools.ts'

/**
 * Makes guarded MCP tools of tools that `defineTool` made: `register` puts them on a server. They behave as those of
 * {@link guardTools}.
 *
 * @throws ConfigurationError An unknown option, a name that is there twice, or a tool that this guard cannot serve.
 */
export function toMcpTools(
  guard: Guard,
  tools: readonly DefinedTool[],
  context: Omit<GuardToolsOptions<Record<never, never>>, 'guard' | 'policies'> = {},
): GuardedTools {
  const read = readTools('toMcpTools', tools)
  const made = read.map(({ name, description, input, execute }) => [name, { description, inputSchema: input, execute }])
  return guardTools(Object.fromEntries(made) as never, { ...context, guard, policies: policiesOf(read) })
}

import type { DefinedTool, Guard } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { type GuardedTools, type GuardToolsOptions, guardNamed } from './guard-tools.ts'

/**
 * Makes guarded MCP tools from tools that `defineTool` made. `register` adds them to a server. They behave like those
 * of {@link guardTools}.
 *
 * @throws ConfigurationError An unknown option, a duplicate name, or a tool that this guard cannot serve.
 */
export function toMcpTools(
  guard: Guard,
  tools: readonly DefinedTool[],
  context: Omit<GuardToolsOptions<Record<never, never>>, 'guard' | 'policies'> = {},
): GuardedTools {
  const read = readTools('toMcpTools', tools)
  const made = read.map(({ name, description, input, execute }) => [name, { description, inputSchema: input, execute }])
  return guardNamed('toMcpTools', Object.fromEntries(made) as never, { ...context, guard, policies: policiesOf(read) })
}

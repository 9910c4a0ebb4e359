import { tool } from '@anthropic-ai/claude-agent-sdk'
import { ConfigurationError, type DefinedTool, type Guard } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { guardNamed } from './guard-tools.ts'
import type { AnyTool, GuardContext, GuardedTools } from './guard-tools-options.ts'

/**
 * Makes guarded tools of the Claude Agent SDK from tools that `defineTool` made. They behave as those of
 * {@link guardTools}. The model gets a text result as it is, and any other as JSON.
 * @throws ConfigurationError An unknown option, a duplicate name, an input that is no `z.object`, or a tool that this
 *   guard cannot serve.
 */
export function toClaudeTools<const Tools extends readonly DefinedTool[]>(
  guard: Guard,
  tools: Tools,
  context: GuardContext,
): GuardedTools {
  const read = readTools('toClaudeTools', tools)
  const made = read.map(({ name, description, input, execute }): [string, AnyTool] => [
    name,
    tool(name, description, shapeOf(name, input), async (given) => {
      const result: unknown = await execute(given as never)
      return { content: [{ type: 'text', text: typeof result === 'string' ? result : (JSON.stringify(result) ?? '') }] }
    }),
  ])
  return guardNamed('toClaudeTools', Object.fromEntries(made), {
    ...context,
    guard,
    policies: policiesOf(read) as never,
  })
}

/** Returns the fields of a Zod object. The framework accepts no other schema. */
function shapeOf(name: string, input: unknown): AnyTool['inputSchema'] {
  const shape: unknown = typeof input === 'object' && input !== null && 'shape' in input ? input.shape : undefined
  if (typeof shape === 'object' && shape !== null) return shape as AnyTool['inputSchema']
  throw new ConfigurationError(
    `toClaudeTools.tools.${name}.input`,
    'give a z.object(…): the SDK accepts no other schema',
  )
}

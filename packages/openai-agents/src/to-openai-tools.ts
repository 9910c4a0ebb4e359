import type { DefinedTool, Guard } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { tool } from '@openai/agents'
import { guardNamed } from './guard-tools.ts'
import type { AnyTool, GuardToolsOptions } from './guard-tools-options.ts'

/**
 * Makes guarded tools of OpenAI Agents from tools that `defineTool` made: `new Agent({ tools: toOpenAiTools(…) })`. They
 * behave as those of {@link guardTools}.
 * @throws ConfigurationError An unknown option, a duplicate name, or a tool that this guard cannot serve.
 */
export function toOpenAiTools<const Tools extends readonly DefinedTool[]>(
  guard: Guard,
  tools: Tools,
  context: Omit<GuardToolsOptions<unknown>, 'guard' | 'policies'>,
): AnyTool[] {
  const read = readTools('toOpenAiTools', tools)
  const made = read.map(({ name, description, input, execute }): [string, AnyTool] => [
    name,
    tool({
      name,
      description,
      parameters: input as never,
      execute: execute as never,
      errorFunction: null,
    }) as AnyTool,
  ])
  const options = { ...context, guard, policies: policiesOf(read) as never }
  const guarded = guardNamed('toOpenAiTools', Object.fromEntries(made), options)
  return Object.values(guarded)
}

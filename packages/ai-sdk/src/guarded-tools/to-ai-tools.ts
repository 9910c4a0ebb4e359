import type { DefinedTool, Guard, InputOf } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { type Tool, type ToolSet, tool } from 'ai'
import { guardNamed, isGeneratorFunction } from './guard-tools.ts'
import type { GuardedTools, GuardToolsOptions } from './guard-tools-options.ts'

/** The tools of the AI SDK that {@link toAiTools} makes, by name. */
export type AiTools<Tools extends readonly DefinedTool[]> = {
  readonly [One in Tools[number] as One['name']]: Tool<InputOf<One['policy']>, Awaited<ReturnType<One['run']>>>
}

/**
 * Makes guarded tools of the AI SDK from tools that `defineTool` made. Make them for each request, with the identity of
 * that request. They behave as those of {@link guardTools}.
 * @throws ConfigurationError An unknown option, a duplicate name, or a tool that this guard cannot serve.
 */
export function toAiTools<const Tools extends readonly DefinedTool[]>(
  guard: Guard,
  tools: Tools,
  context: Omit<GuardToolsOptions<unknown>, 'guard' | 'policies' | 'streaming'>,
): GuardedTools<AiTools<Tools>> {
  const read = readTools('toAiTools', tools)
  const made = read.map(({ name, description, input, execute }) => [
    name,
    tool({ description, inputSchema: input as never, execute: execute as never }),
  ])
  return guardNamed('toAiTools', Object.fromEntries(made) as ToolSet, {
    ...context,
    guard,
    policies: policiesOf(read) as never,
    streaming: tools.filter(({ run }) => isGeneratorFunction(run)).map(({ name }) => name),
  }) as unknown as GuardedTools<AiTools<Tools>>
}

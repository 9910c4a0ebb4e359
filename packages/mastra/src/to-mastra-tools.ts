import type { AccessRules, DefinedTool, Effect, Guard } from '@behalf/core'
import { readTools } from '@behalf/core/spi'
import { createTool, type Tool } from '@mastra/core/tools'
import { guardTools } from './guard-tools.ts'
import type { AnyTool, GuardToolsOptions } from './guarded-tools.ts'

/** The tools of Mastra that {@link toMastraTools} makes, by name. */
export type MastraTools<Tools extends readonly DefinedTool[]> = {
  readonly [One in Tools[number] as One['name']]: One extends DefinedTool<
    string,
    infer Input,
    AccessRules,
    Effect,
    infer Result
  >
    ? Tool<Input, Awaited<Result>>
    : AnyTool
}

/**
 * Makes guarded tools of Mastra of tools that `defineTool` made, with the name of each as its id. They behave as those
 * of {@link guardTools}.
 *
 * @throws ConfigurationError An unknown option, a name that is there twice, or a tool that this guard cannot serve.
 */
export function toMastraTools<const Tools extends readonly DefinedTool[]>(
  guard: Guard,
  tools: Tools,
  context: Omit<GuardToolsOptions<unknown>, 'guard' | 'policies'>,
): MastraTools<Tools> {
  const read = readTools('toMastraTools', tools)
  const made = read.map(({ name, description, input, execute }): [string, AnyTool] => [
    name,
    createTool({ id: name, description, inputSchema: input as never, execute: execute as never }) as unknown as AnyTool,
  ])
  return guardTools(Object.fromEntries(made), {
    ...context,
    guard,
    policies: Object.fromEntries(read.map(({ name, policy }) => [name, policy])) as never,
  }) as unknown as MastraTools<Tools>
}

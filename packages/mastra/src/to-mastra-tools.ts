import type { DefinedTool, Guard, InputOf } from '@behalf/core'
import { policiesOf, readTools } from '@behalf/core/spi'
import { createTool, type Tool } from '@mastra/core/tools'
import { guardNamed } from './guard-tools.ts'
import type { AnyTool, GuardToolsOptions } from './guard-tools-options.ts'

/** The tools of Mastra that {@link toMastraTools} makes, by name. */
export type MastraTools<Tools extends readonly DefinedTool[]> = {
  readonly [One in Tools[number] as One['name']]: Tool<InputOf<One['policy']>, Awaited<ReturnType<One['run']>>>
}

/**
 * Makes guarded tools of Mastra from tools that `defineTool` made. The name of each is its id. They behave like those
 * of {@link guardTools}.
 *
 * @throws ConfigurationError An unknown option, a duplicate name, or a tool that this guard cannot serve.
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
  return guardNamed('toMastraTools', Object.fromEntries(made), {
    ...context,
    guard,
    policies: policiesOf(read) as never,
  }) as unknown as MastraTools<Tools>
}

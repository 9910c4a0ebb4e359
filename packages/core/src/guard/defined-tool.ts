import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessRules, Call, Effect, Invocation, Policy } from '../contract/index.ts'

/** A tool that is defined once, for all frameworks. Made by `defineTool` only. */
export interface DefinedTool<
  Name extends string = string,
  Input = unknown,
  Access extends AccessRules = AccessRules,
  Effects extends Effect = Effect,
  Result = unknown,
> {
  readonly name: Name
  /** What the tool does, for the model. */
  readonly description: string
  /** The schema of its input. */
  readonly input: StandardSchemaV1<unknown, Input>
  readonly policy: Policy<Input, Access, Effects>
  /** The body. Calling it directly runs no check: call `guard.run(tool, …)`. */
  run(input: Input, call: Call<Access>): Result | Promise<Result>
}

/** One call of a {@link DefinedTool}: an invocation without the name of the tool. */
export type ToolCall = Omit<Invocation, 'tool'>

/** The policies by tool, or the tools that `defineTool` made. */
export type PoliciesOrTools = Readonly<Record<string, Policy>> | readonly DefinedTool[]

export const policiesOf = (given: PoliciesOrTools): Readonly<Record<string, Policy>> =>
  isList(given) ? Object.fromEntries(given.map(({ name, policy }) => [name, policy])) : given

const isList = (given: PoliciesOrTools): given is readonly DefinedTool[] => Array.isArray(given)

// Registered, so that a tool made by one copy of the package is known to the guard of another.
const toolKey: unique symbol = Symbol.for('@behalf/core@1/tool') as never

export const markTool = <Tool extends DefinedTool>(tool: Tool): Tool => Object.freeze({ ...tool, [toolKey]: true })

/** Whether `defineTool` made it. */
export const isDefinedTool = (value: unknown): value is DefinedTool =>
  typeof value === 'object' && value !== null && toolKey in value

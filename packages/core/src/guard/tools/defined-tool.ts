import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessRules, Call, Effect, Invocation, Policy } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { currentCall } from '../call/current-call.ts'

/** A tool that is defined once, for all frameworks. Made by `defineTool` only. */
export interface DefinedTool<
  Name extends string = string,
  Input = unknown,
  Access extends AccessRules = AccessRules,
  Effects extends Effect = Effect,
  Result = unknown,
  Raw = unknown,
> {
  /** Name of the tool, under which the model calls it. */
  readonly name: Name
  /** Description of the tool, for the model. */
  readonly description: string
  /** The schema of its input. */
  readonly input: StandardSchemaV1<Raw, Input>
  /** Policy that the guard enforces for each call. */
  readonly policy: Policy<Input, Access, Effects>
  /** The body. Calling it directly runs no check: call `guard.run(tool, …)`. */
  run(input: Input, call: Call<Access>): Result | Promise<Result>
}

/** The union of what frameworks, models' APIs and MCP take. */
export const toolNames = { words: '1 to 128 letters, digits and _-.:/', form: /^[\w.:/-]{1,128}$/ }

/** One call of a {@link DefinedTool}: an invocation without the name of the tool. */
export type ToolCall<Raw = unknown> = Omit<Invocation, 'tool' | 'input'> & { readonly input: Raw }

/** The policies by tool, or the tools that `defineTool` made. */
export type PoliciesOrTools = Readonly<Record<string, Policy>> | readonly DefinedTool[]

/** A {@link DefinedTool} as an adapter reads it. `execute` runs the body within a guarded call. */
export interface ReadTool extends Pick<DefinedTool, 'name' | 'description' | 'input' | 'policy'> {
  /** Runs the body. Call it only within a guarded call. */
  readonly execute: (input: never) => unknown
}

/**
 * Reads the tools of an adapter's `to…Tools` function.
 * @throws ConfigurationError `defineTool` did not make one of them, or two have one name.
 */
export function readTools(owner: string, tools: readonly DefinedTool[]): readonly ReadTool[] {
  if (!Array.isArray(tools)) throw new ConfigurationError(`${owner}.tools`, 'give a list of what defineTool() made')
  const read = tools.map((tool: DefinedTool, index): ReadTool => {
    if (!isDefinedTool(tool)) throw new ConfigurationError(`${owner}.tools[${index}]`, 'give what defineTool() made')
    return { ...tool, execute: (given) => tool.run(given, currentCall(tool.policy)) }
  })
  refuseTwice(`${owner}.tools`, read)
  return read
}

/** Returns the policies by the names of their tools. */
export const policiesOf = (tools: readonly Pick<DefinedTool, 'name' | 'policy'>[]): Readonly<Record<string, Policy>> =>
  Object.fromEntries(tools.map(({ name, policy }) => [name, policy]))

/**
 * Returns the policies by tool, for either form of the argument.
 * @throws ConfigurationError Two tools have one name.
 */
export function byTool(given: PoliciesOrTools): Readonly<Record<string, Policy>> {
  if (!Array.isArray(given)) return given as Readonly<Record<string, Policy>>
  refuseTwice('tools', given)
  return policiesOf(given)
}

/** Refuses two tools with one name: one of them would never be checked. */
function refuseTwice(owner: string, tools: readonly Pick<DefinedTool, 'name'>[]): void {
  const twice = tools.map(({ name }) => name).find((name, at, names) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new ConfigurationError(`${owner}.${twice}`, 'is there twice')
}

// Registered, so that the guard of one copy of the package recognizes a tool of another copy.
const toolKey: unique symbol = Symbol.for('@behalf/core@1/tool') as never

/** Marks a tool. The mark is not enumerable: an object that a tool was spread into, with other fields, has none. */
export const markTool = <Tool extends DefinedTool>(tool: Tool): Tool =>
  Object.freeze(Object.defineProperty({ ...tool }, toolKey, { value: true }))

/** Returns whether `defineTool` made it. */
export const isDefinedTool = (value: unknown): value is DefinedTool =>
  typeof value === 'object' && value !== null && toolKey in value

import type { StandardSchemaV1 } from '@standard-schema/spec'
import type {
  AccessRules,
  Call,
  Effect,
  EffectOf,
  Invocation,
  Policy,
  ReadInCall,
  ResultFor,
  Rules,
} from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { checkValues, kinds, needed } from '../../base/values/index.ts'
import { currentCall } from '../call/current-call.ts'
import { policy, publicTool } from './policy.ts'

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
const markTool = <Tool extends DefinedTool>(tool: Tool): Tool =>
  Object.freeze(Object.defineProperty({ ...tool }, toolKey, { value: true }))

/** Returns whether `defineTool` made it. */
export const isDefinedTool = (value: unknown): value is DefinedTool =>
  typeof value === 'object' && value !== null && toolKey in value

const toolValues = { name: needed(kinds.text), description: needed(kinds.text), run: needed(kinds.function) }

/**
 * Defines a tool once: its name, its schema, its requirements, and its body.
 *
 * Call it with `guard.run(tool, { slot, input, identity })`, or use an adapter to make a framework's tools of it. The
 * rules are those of {@link policy}.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong, or a rule is contradictory.
 */
export function defineTool<
  const Name extends string,
  Schema extends StandardSchemaV1,
  Result,
  const Access extends AccessRules = Record<never, never>,
  Named extends Effect = Effect,
  Option extends keyof Rules<unknown, AccessRules> | 'name' | 'description' | 'input' | 'run' | 'public' = never,
>(
  options: {
    /**
     * Name of the tool, for the model, the audit and the permissions: 1 to 128 letters, digits and `_-.:/`. Models' APIs
     * take letters, digits, `_` and `-` only.
     */
    readonly name: Name
    /** Description of the tool, for the model. */
    readonly description: string
    /** Any Standard Schema. Frameworks also need its JSON Schema, which zod gives. */
    readonly input: Schema
    /** The tool needs no identity, no permission and no credential, as {@link publicTool}. It takes no rules. @default false */
    readonly public?: true
    /** The body. Gets the parsed input, frozen, and the call with its credentials. */
    readonly run: ((
      input: NoInfer<StandardSchemaV1.InferOutput<Schema>>,
      call: Call<NoInfer<Access>>,
    ) => Result | Promise<Result>) &
      ResultFor<NoInfer<EffectOf<Named, Option>>, NoInfer<Result>> &
      ReadInCall<Result>
  } & Rules<StandardSchemaV1.InferOutput<Schema>, Access> & { readonly effect?: Named } & {
      readonly [Key in Option]?: unknown
    },
): DefinedTool<
  Name,
  StandardSchemaV1.InferOutput<Schema>,
  Access,
  EffectOf<Named, Option>,
  Result,
  StandardSchemaV1.InferInput<Schema>
> {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('defineTool', 'give { name, description, input, run } and the rules of policy()')
  }
  const { name, description, input, run, public: isPublic, ...rules } = options
  checkValues('defineTool.', options, toolValues)
  if (!toolNames.form.test(name)) {
    throw new ConfigurationError('defineTool.name', `is ${JSON.stringify(name)}; give ${toolNames.words}`)
  }
  return markTool({ name, description, input, run, policy: policyFor(input, isPublic, rules) as never })
}

function policyFor(input: StandardSchemaV1, isPublic: unknown, rules: object): unknown {
  if (isPublic === undefined) return policy(input, rules)
  const [rule] = Object.keys(rules)
  if (isPublic === true && rule === undefined) return publicTool(input)
  const why = rule === undefined ? 'is true, or left out' : `does not go with ${rule}: a public tool takes no rules`
  throw new ConfigurationError('defineTool.public', why)
}

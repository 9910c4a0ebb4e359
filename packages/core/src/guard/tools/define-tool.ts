import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessRules, Call, Effect, EffectOf, ReadInCall, ResultFor, Rules } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { checkValues, kinds, needed } from '../../base/values/index.ts'
import { type DefinedTool, markTool, toolNames } from './defined-tool.ts'
import { policy, publicTool } from './policy.ts'

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

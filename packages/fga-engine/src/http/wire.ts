import * as z from 'zod/mini'

// Bodies of OpenFGA's API. Unknown fields are ignored and `null` is absent, as in its JSON. Blanks in names are ASCII
// blanks only, as in the server's patterns.

const Text = (...checks: Parameters<ReturnType<typeof z.string>['check']>) =>
  z.pipe(
    z.transform((value: unknown) => value ?? ''),
    z.string().check(...checks),
  )
const named = (pattern: RegExp) => Text(z.regex(pattern))

const User = named(/^[^\t\n\f\r ]{2,512}$/u)
const ObjectName = named(/^[^\t\n\f\r ]{2,256}$/u)
const RelationName = named(/^[^:#@\t\n\f\r ]{1,50}$/u)
export const TYPE_NAME: RegExp = /^[^:#@\t\n\f\r ]{1,254}$/u
const TypeName = named(TYPE_NAME)
const ConditionName = named(/^[^\t\n\f\r ]{2,256}$/u)
const ModelId = z.nullish(z.string().check(z.regex(/^([ABCDEFGHJKMNPQRSTVWXYZ0-9]{26})?$/)))
const Context = z.nullish(z.record(z.string(), z.unknown()))
// Accepted without effect: every answer is as fresh as the tuples. An unknown name counts as absent, as in the server's
// JSON. Valid numbers are 0, 100 and 200.
const consistency = z.nullish(z.union([z.string(), z.literal([0, 100, 200])]))

const Key = z.object({ user: User, relation: RelationName, object: ObjectName })
const Tuple = z.object({
  user: Text(z.maxLength(512)),
  relation: RelationName,
  object: ObjectName,
  condition: z.nullish(z.object({ name: ConditionName, context: Context })),
})
const LooseKey = z.object({
  user: Text(z.maxLength(512)),
  relation: RelationName,
  object: ObjectName,
})
const ContextualTuples = z.nullish(z.object({ tuple_keys: z.nullish(z.array(Tuple).check(z.maxLength(100))) }))

export const CheckBody = z.object({
  tuple_key: Key,
  contextual_tuples: ContextualTuples,
  context: Context,
  authorization_model_id: ModelId,
  consistency,
})

export const BatchCheckBody = z.object({
  checks: z.array(
    z.object({
      tuple_key: Key,
      contextual_tuples: ContextualTuples,
      context: Context,
      correlation_id: z.string(),
    }),
  ),
  authorization_model_id: ModelId,
  consistency,
})

export const ListObjectsBody = z.object({
  type: TypeName,
  relation: RelationName,
  user: User,
  contextual_tuples: ContextualTuples,
  context: Context,
  authorization_model_id: ModelId,
  consistency,
})

export const ListUsersBody = z.object({
  object: z.object({ type: TypeName, id: z.string().check(z.minLength(1)) }),
  relation: RelationName,
  user_filters: z
    .array(z.object({ type: TypeName, relation: z.nullish(z.string()) }))
    .check(z.minLength(1), z.maxLength(1)),
  contextual_tuples: z.nullish(z.array(Tuple).check(z.maxLength(100))),
  context: Context,
  authorization_model_id: ModelId,
  consistency,
})

export const ReadBody = z.object({
  tuple_key: z.nullish(
    z.object({ user: z.nullish(z.string()), relation: z.nullish(z.string()), object: z.nullish(z.string()) }),
  ),
  page_size: z.nullish(z.int()),
  continuation_token: z.nullish(z.string()),
  consistency,
})

const Reaction = z.nullish(z.enum(['', 'error', 'ignore']))

export const WriteBody = z.object({
  writes: z.nullish(z.object({ tuple_keys: z.array(Tuple).check(z.minLength(1)), on_duplicate: Reaction })),
  deletes: z.nullish(z.object({ tuple_keys: z.array(LooseKey).check(z.minLength(1)), on_missing: Reaction })),
  authorization_model_id: ModelId,
})

type Circumstances = Pick<z.infer<typeof CheckBody>, 'contextual_tuples' | 'context'>
type WireTuple = z.infer<typeof Tuple>

/** A tuple without the fields that are absent. */
export function tupleOf({ user, relation, object, condition }: WireTuple) {
  if (condition == null) return { user, relation, object }
  return { user, relation, object, condition: { name: condition.name, context: condition.context ?? {} } }
}

export function circumstancesOf({ contextual_tuples: tuples, context }: Circumstances) {
  return {
    ...(context != null && { context }),
    ...(tuples?.tuple_keys != null && { contextualTuples: tuples.tuple_keys.map(tupleOf) }),
  }
}

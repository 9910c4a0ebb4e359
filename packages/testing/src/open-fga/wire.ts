import * as z from 'zod/mini'

const Text = z.string()
const Context = z.record(z.string(), z.unknown())

export const TupleKey = z.object({ user: Text, relation: Text, object: Text })

export const Tuple = z.object({
  user: Text,
  relation: Text,
  object: Text,
  condition: z.optional(z.object({ name: Text, context: z.optional(Context) })),
})

const ContextualTuples = z.optional(z.object({ tuple_keys: z.array(Tuple) }))
const Consistency = z.optional(z.enum(['UNSPECIFIED', 'MINIMIZE_LATENCY', 'HIGHER_CONSISTENCY']))

export const CheckBody = z.object({
  tuple_key: TupleKey,
  authorization_model_id: z.optional(Text),
  contextual_tuples: ContextualTuples,
  context: z.optional(Context),
  consistency: Consistency,
})

export const BatchCheckBody = z.object({
  checks: z.array(
    z.object({
      tuple_key: TupleKey,
      contextual_tuples: ContextualTuples,
      context: z.optional(Context),
      correlation_id: Text,
    }),
  ),
  authorization_model_id: z.optional(Text),
  consistency: Consistency,
})

export const ListObjectsBody = z.object({
  type: Text,
  relation: Text,
  user: Text,
  authorization_model_id: z.optional(Text),
  contextual_tuples: ContextualTuples,
  context: z.optional(Context),
  consistency: Consistency,
})

export const ReadBody = z.object({
  tuple_key: z.optional(z.object({ user: z.optional(Text), relation: z.optional(Text), object: z.optional(Text) })),
  page_size: z.optional(z.int()),
  continuation_token: z.optional(Text),
  consistency: Consistency,
})

export const WriteBody = z.object({
  writes: z.optional(z.object({ tuple_keys: z.array(Tuple) })),
  deletes: z.optional(z.object({ tuple_keys: z.array(TupleKey) })),
  authorization_model_id: z.optional(Text),
})

export type CheckBody = z.infer<typeof CheckBody>

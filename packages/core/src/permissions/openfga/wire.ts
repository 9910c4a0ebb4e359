import * as z from 'zod/mini'
import type { RelationshipTuple } from './access-checker.ts'
import type { NotedQuestion } from './question.ts'

/** Required freshness of an answer. */
export type Consistency = 'minimizeLatency' | 'higherConsistency'

export const consistencies = {
  minimizeLatency: 'MINIMIZE_LATENCY',
  higherConsistency: 'HIGHER_CONSISTENCY',
} as const satisfies Record<Consistency, string>

export interface Pinned {
  readonly authorizationModelId: string
  readonly consistency: Consistency
}

const pinnedFields = ({ authorizationModelId, consistency }: Pinned) => ({
  authorization_model_id: authorizationModelId,
  consistency: consistencies[consistency],
})

const tupleKey = ({ user, relation, object }: NotedQuestion) => ({ user, relation, object })

const facts = ({ context, contextualTuples }: Pick<NotedQuestion, 'context' | 'contextualTuples'>) => ({
  context,
  ...(contextualTuples !== undefined &&
    contextualTuples.length > 0 && { contextual_tuples: { tuple_keys: contextualTuples } }),
})

/** The body of `POST /stores/{id}/check`. */
export function checkRequest(question: NotedQuestion, pinned: Pinned): string {
  return JSON.stringify({ tuple_key: tupleKey(question), ...facts(question), ...pinnedFields(pinned) })
}

/** Returns the body of `POST /stores/{id}/batch-check`: at most 50 questions, each with its own id. */
export function batchRequest(questions: ReadonlyMap<string, NotedQuestion>, pinned: Pinned): string {
  return JSON.stringify({
    checks: Array.from(questions, ([id, question]) => ({
      tuple_key: tupleKey(question),
      ...facts(question),
      correlation_id: id,
    })),
    ...pinnedFields(pinned),
  })
}

/** The body of `POST /stores/{id}/list-objects` and of its streamed form. */
export function listRequest(
  asked: Pick<NotedQuestion, 'user' | 'relation' | 'context' | 'contextualTuples'> & { readonly type: string },
  pinned: Pinned,
): string {
  const { user, relation, type } = asked
  return JSON.stringify({ user, relation, type, ...facts(asked), ...pinnedFields(pinned) })
}

/** The body of `POST /stores/{id}/read`. Tuples belong to the store, so no model is named. */
export function readRequest(asked: {
  readonly tupleKey?: Readonly<Record<string, string>> | undefined
  readonly pageSize?: number | undefined
  readonly continuationToken?: string | undefined
  readonly consistency: Consistency
}): string {
  return JSON.stringify({
    tuple_key: asked.tupleKey,
    page_size: asked.pageSize,
    continuation_token: asked.continuationToken,
    consistency: consistencies[asked.consistency],
  })
}

/** The body of `POST /stores/{id}/write`: all of it or nothing. */
export function writeRequest(
  writes: readonly RelationshipTuple[],
  deletes: readonly RelationshipTuple[],
  authorizationModelId: string,
): string {
  return JSON.stringify({
    ...(writes.length > 0 && { writes: { tuple_keys: writes } }),
    ...(deletes.length > 0 && {
      deletes: { tuple_keys: deletes.map(({ user, relation, object }) => ({ user, relation, object })) },
    }),
    authorization_model_id: authorizationModelId,
  })
}

/** No coercion anywhere: the text "true" is not an allow (F1). */
export const checkAnswer = z.object({ allowed: z.boolean() })

/** Answer of a batch. Each item is read separately, so that each malformed item is named. */
export const batchAnswer = z.object({ result: z.looseObject({}) })

export const batchItem = z.object({
  allowed: z.optional(z.boolean()),
  error: z.optional(
    z.object({
      input_error: z.optional(z.unknown()),
      internal_error: z.optional(z.unknown()),
      message: z.optional(z.string()),
    }),
  ),
})

export const listAnswer = z.object({ objects: z.array(z.string()) })

/** One line of a stream: a result, or the reason why the stream ended. */
export const streamLine = z.object({
  result: z.optional(z.object({ object: z.string() })),
  error: z.optional(z.object({ message: z.optional(z.string()) })),
})

export const readAnswerBody = z.object({
  tuples: z.array(
    z.object({
      key: z.object({
        user: z.string(),
        relation: z.string(),
        object: z.string(),
        condition: z.nullish(z.object({ name: z.string(), context: z.nullish(z.record(z.string(), z.unknown())) })),
      }),
      timestamp: z.optional(z.string()),
    }),
  ),
  continuation_token: z.optional(z.string()),
})

const refusal = { code: z.string(), message: z.optional(z.string()) }
/** The server's answer to a request that it refuses. A stream has it within `error`, with a number as its code. */
export const errorAnswer = z.union([z.object(refusal), z.object({ error: z.object({ ...refusal, code: z.number() }) })])

/** The header that names the model which answered. */
export const modelHeader = 'openfga-authorization-model-id'

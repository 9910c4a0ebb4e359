import * as z from 'zod/mini'
import type { Question } from './question.ts'

/** How fresh an answer must be. */
export type Consistency = 'minimizeLatency' | 'higherConsistency'

const consistencies = {
  minimizeLatency: 'MINIMIZE_LATENCY',
  higherConsistency: 'HIGHER_CONSISTENCY',
} as const satisfies Record<Consistency, string>

export interface Pinned {
  readonly authorizationModelId: string
  readonly consistency: Consistency
}

const tupleKey = ({ user, relation, object }: Question) => ({ user, relation, object })

/** The body of `POST /stores/{id}/check`. */
export function checkRequest(question: Question, pinned: Pinned): string {
  return JSON.stringify({
    tuple_key: tupleKey(question),
    context: question.context,
    authorization_model_id: pinned.authorizationModelId,
    consistency: consistencies[pinned.consistency],
  })
}

/** The body of `POST /stores/{id}/batch-check`: at most 50 questions, each under an id of its own. */
export function batchRequest(questions: ReadonlyMap<string, Question>, pinned: Pinned): string {
  return JSON.stringify({
    checks: Array.from(questions, ([id, question]) => ({
      tuple_key: tupleKey(question),
      context: question.context,
      correlation_id: id,
    })),
    authorization_model_id: pinned.authorizationModelId,
    consistency: consistencies[pinned.consistency],
  })
}

/** No coercion anywhere: the text "true" is not an allow (F1). */
export const checkAnswer = z.object({ allowed: z.boolean() })

/** Items are read one by one, so that each malformed one is named. */
export const batchAnswer = z.object({ result: z.record(z.string(), z.unknown()) })

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

/** What the server says of a request that it refuses. */
export const errorAnswer = z.object({ code: z.string(), message: z.optional(z.string()) })

/** The header that names the model which answered. */
export const modelHeader = 'openfga-authorization-model-id'

import type { Question } from './question.ts'
import type { Verdict } from './read-answer.ts'
import type { Consistency } from './wire.ts'

/** The server's own limit. */
export const MAX_BATCH = 50

/** Verdicts in the order of the questions, or why none of them was looked at. */
export type BatchAnswer = readonly Verdict[] | { readonly refused: string }

/** Who answers questions: OpenFGA over HTTP, or the app's own client of it. */
export interface Backend {
  /** @throws TransportError No answer. */
  check(question: Question, consistency: Consistency, signal: AbortSignal): Promise<Verdict>
  /**
   * @param questions - At most 50.
   * @throws TransportError No answer.
   */
  batch(questions: readonly Question[], consistency: Consistency, signal: AbortSignal): Promise<BatchAnswer>
}

/** Random, so that an answer to somebody else's batch, from a confused proxy, fits no question of ours. */
export function correlationIds(count: number): readonly string[] {
  const batch = crypto.randomUUID().slice(0, 18)
  return Array.from({ length: count }, (_, index) => `${batch}-${index}`)
}

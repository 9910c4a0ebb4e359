import type { NotedQuestion } from './question.ts'
import type { Verdict } from './read-answer.ts'
import type { Consistency } from './wire.ts'

/** Maximum number of questions in a batch, set by the server. */
export const MAX_BATCH = 50

/** Verdicts in the order of the questions, or the reason why none was checked. */
export type BatchAnswer = readonly Verdict[] | { readonly refused: string }

/** Backend that answers questions: OpenFGA over HTTP, or the app's own client of it. */
export interface Backend {
  /** @throws TransportError No answer. */
  check(question: NotedQuestion, consistency: Consistency, signal: AbortSignal): Promise<Verdict>
  /**
   * @param questions - At most 50.
   * @throws TransportError No answer.
   */
  batch(questions: readonly NotedQuestion[], consistency: Consistency, signal: AbortSignal): Promise<BatchAnswer>
}

/** Makes random ids, so that an answer to another client's batch, from a faulty proxy, matches no question of ours. */
export function correlationIds(count: number): readonly string[] {
  const batch = crypto.randomUUID().slice(0, 18)
  return Array.from({ length: count }, (_, index) => `${batch}-${index}`)
}

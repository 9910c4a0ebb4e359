import { askServer, type ServerRequest, type Way } from './ask-server.ts'
import type { Question } from './question.ts'
import { readBatch, readCheck, type Verdict } from './read-answer.ts'
import { batchRequest, type Consistency, checkRequest } from './wire.ts'

/** Address and model of the store, and the means to reach it. */
export interface StoreConnection extends Way {
  readonly storeUrl: string
  readonly authorizationModelId: string
}

/** Sends a question to the store. It changes nothing, so it may be repeated. */
export function questionTo(store: StoreConnection, endpoint: string, body: string): ServerRequest {
  return { url: `${store.storeUrl}/${endpoint}`, body, repeatAfter: 'outage' }
}

/** Makes the backend for OpenFGA's own HTTP API. */
export function httpBackend(store: StoreConnection): Backend {
  const { authorizationModelId } = store
  return {
    check: async (question, consistency, signal) => {
      const body = checkRequest(question, { authorizationModelId, consistency })
      return readCheck(await askServer(store, questionTo(store, 'check', body), signal), authorizationModelId)
    },
    batch: async (questions, consistency, signal) => {
      const ids = correlationIds(questions.length)
      const byId = new Map(questions.map((question, index) => [ids[index] as string, question]))
      const body = batchRequest(byId, { authorizationModelId, consistency })
      const answer = await askServer(store, questionTo(store, 'batch-check', body), signal)
      return readBatch(answer, authorizationModelId, ids)
    },
  }
}

/** Maximum number of questions in a batch, set by the server. */
export const MAX_BATCH = 50

/** Verdicts in the order of the questions, or the reason why none was checked. */
export type BatchAnswer = readonly Verdict[] | { readonly refused: string }

/** Backend that answers questions: OpenFGA over HTTP, or the app's own client of it. */
export interface Backend {
  /** @throws TransportError No answer. */
  check(question: Question, consistency: Consistency, signal: AbortSignal): Promise<Verdict>
  /**
   * @param questions - At most 50.
   * @throws TransportError No answer.
   */
  batch(questions: readonly Question[], consistency: Consistency, signal: AbortSignal): Promise<BatchAnswer>
}

/** Makes random ids, so that an answer to another client's batch, from a faulty proxy, matches no question of ours. */
export function correlationIds(count: number): readonly string[] {
  const batch = crypto.randomUUID().slice(0, 18)
  return Array.from({ length: count }, (_, index) => `${batch}-${index}`)
}

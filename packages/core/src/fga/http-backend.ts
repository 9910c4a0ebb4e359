import { askServer, type ServerRequest, type Way } from './ask-server.ts'
import { type Backend, correlationIds } from './backend.ts'
import { readBatch, readCheck } from './read-answer.ts'
import { batchRequest, checkRequest } from './wire.ts'

/** Where the store is, which of its models answers, and how it is reached. */
export interface StoreConnection extends Way {
  readonly storeUrl: string
  readonly authorizationModelId: string
}

/** A question to the store: it changes nothing, so it may be repeated. */
export function questionTo(store: StoreConnection, endpoint: string, body: string): ServerRequest {
  return { url: `${store.storeUrl}/${endpoint}`, body, repeatAfter: 'outage' }
}

/** OpenFGA's own HTTP API. */
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

import { fgaClient, type RelationshipQuestion } from '@behalf/core/fga'
import { createEngine, createHandler, FgaError, handlerFetch, memoryTuples } from '../../src/index.ts'
import { httpAnswers, type Place } from './answers.ts'

const STORE = '01JDG8ZCQ4T0STDCK70KT0RE01'

/** The engine itself. Tuples are written as the API writes them, so that none is there which the model refuses. */
export const inProcess: Place = async (model, tuples) => {
  const engine = createEngine({ model, tuples: memoryTuples() })
  for (const tuple of tuples) await engine.write({ writes: [tuple] })
  return {
    check: (question) => engine.check(question).catch(codeOf),
    listObjects: (question) => engine.listObjects(question).then((objects) => [...objects].sort(), codeOf),
    listUsers: (question) => engine.listUsers(question).then((users) => [...users].sort(), codeOf),
  }
}

/** The engine behind OpenFGA's HTTP API, in this process. */
export const overHttp: Place = async (model, tuples) => {
  const engine = createEngine({ model, tuples: memoryTuples() })
  const ask = handlerFetch(createHandler({ engine, storeId: STORE }))
  const url = `https://fga.example/stores/${STORE}`
  for (const tuple of tuples) {
    const body = JSON.stringify({ writes: { tuple_keys: [tuple] } })
    const written = await ask(`${url}/write`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!written.ok) throw new Error(`not written: ${await written.text()}`)
  }
  return httpAnswers(url, ask)
}

/** The same behind `fgaClient`, which writes, checks and lists; it has no list of users. */
export const throughClient: Place = async (model, tuples) => {
  const engine = createEngine({ model, tuples: memoryTuples() })
  const ask = handlerFetch(createHandler({ engine, storeId: STORE, apiToken: 'token' }))
  const client = fgaClient({
    apiUrl: 'https://fga.example',
    storeId: STORE,
    authorizationModelId: engine.authorizationModelId,
    credentials: { method: 'apiToken', token: 'token' },
    fetch: ask,
  })
  for (const tuple of tuples) await client.write({ writes: [tuple] })
  return {
    check: async (question) => {
      const answer = await client.check(question as RelationshipQuestion)
      return answer.allowed || (answer.problem ?? false)
    },
    listObjects: async (question) =>
      [...(await client.listObjects(question as RelationshipQuestion & { type: string })).objects].sort(),
    listUsers: (question) => engine.listUsers(question).then((users) => [...users].sort(), codeOf),
  }
}

/** A real OpenFGA, in a store of its own. */
export const liveServer =
  (apiUrl: string): Place =>
  async (model, tuples) => {
    const post = async (path: string, body: unknown): Promise<Record<string, string>> => {
      const response = await fetch(`${apiUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })
      const answer = (await response.json()) as Record<string, string>
      if (!response.ok) throw new Error(`${path}: ${answer.code}: ${answer.message}`)
      return answer
    }
    const { id } = await post('/stores', { name: 'behalf-live' })
    await post(`/stores/${id}/authorization-models`, model)
    for (const tuple of tuples) await post(`/stores/${id}/write`, { writes: { tuple_keys: [tuple] } })
    return httpAnswers(`${apiUrl}/stores/${id}`, fetch)
  }

function codeOf(error: unknown): string {
  if (error instanceof FgaError) return error.code
  throw error
}

import { copyOfContext, copyOfTuple } from '../tuples/index.ts'
import type { Circumstances, WriteRequest } from './questions.ts'

// Copies a question when it arrives: a caller may reuse the same objects for the next question, and the engine caches
// facts about a tuple or its context by the object.

export function copyOfQuestion<Question extends Circumstances>(question: Question): Question {
  const { context, contextualTuples } = question
  return {
    ...question,
    ...(context !== undefined && { context: copyOfContext(context) }),
    ...(contextualTuples !== undefined && { contextualTuples: Array.from(contextualTuples, copyOfTuple) }),
  }
}

export function copyOfRequest(request: WriteRequest): WriteRequest {
  const { deletes, writes } = request
  return {
    ...request,
    ...(deletes !== undefined && {
      deletes: deletes.map(({ user, relation, object }) => ({ user, relation, object })),
    }),
    ...(writes !== undefined && { writes: writes.map(copyOfTuple) }),
  }
}

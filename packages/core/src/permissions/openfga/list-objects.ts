import { ConfigurationError, InvalidResponseError } from '../../base/errors/index.ts'
import type { RelationshipQuestion } from './access-checker.ts'
import { askServer } from './ask-server.ts'
import { questionTo, type StoreConnection } from './http-backend.ts'
import { isRelation } from './may.ts'
import { isObjectName } from './object.ts'
import { factsOf, isUserName } from './question.ts'
import { type HttpAnswer, readBody } from './read-answer.ts'
import { type Consistency, listAnswer, listRequest } from './wire.ts'

/** Question for all objects of one type to which a user has a relation. */
export interface ListQuestion extends Pick<RelationshipQuestion, 'user' | 'relation' | 'context' | 'contextualTuples'> {
  /** The type of the objects, such as `document`. */
  readonly type: string
  /** `OPENFGA_LIST_OBJECTS_MAX_RESULTS` of the server. @default 1_000 */
  readonly serverLimit?: number
  /** `OPENFGA_LIST_OBJECTS_DEADLINE` of the server, in milliseconds. @default 3_000 */
  readonly serverDeadlineMs?: number
}

/** Reason why a list may be incomplete: the server cuts it off without saying so. */
export type CutOff = 'limit' | 'deadline'

/** Answer to a {@link ListQuestion}. */
export interface ObjectList {
  /** Objects to which the user has the relation, as `type:id`. */
  readonly objects: readonly string[]
  /** Absent: these are all, as far as the server's settings are those that the question names. */
  readonly mayBeCutOff?: CutOff
}

/** Asks for all objects in one request, and reports if the answer may be incomplete. */
export async function listObjects(
  store: StoreConnection,
  question: ListQuestion,
  consistency: Consistency,
  signal: AbortSignal,
): Promise<ObjectList> {
  const { authorizationModelId } = store
  const asked = checkListQuestion(question)
  const body = listRequest(asked, { authorizationModelId, consistency })
  const started = performance.now()
  const answer = await askServer(store, questionTo(store, 'list-objects', body), signal)
  const tookMs = performance.now() - started
  const parsed = listAnswer.safeParse(bodyOf(answer, authorizationModelId))
  if (!parsed.success) throw new InvalidResponseError('OpenFGA: the answer holds no list of objects')
  const objects = parsed.data.objects.map((name) => objectOfType(name, asked.type))
  const cutOff =
    objects.length >= asked.serverLimit ? 'limit' : tookMs >= asked.serverDeadlineMs ? 'deadline' : undefined
  return { objects, ...(cutOff !== undefined && { mayBeCutOff: cutOff }) }
}

/** @throws ConfigurationError The question is not well-formed. */
export function checkListQuestion(question: ListQuestion) {
  const { user, relation, type, serverLimit = 1_000, serverDeadlineMs = 3_000, context, contextualTuples } = question
  if (!isUserName(user)) throw new ConfigurationError('user', 'give a user of OpenFGA, such as user:ann')
  if (!isRelation(relation))
    throw new ConfigurationError('relation', 'give one word of at most 50 bytes without ":#@*"')
  if (!isObjectName(`${type}:x`)) throw new ConfigurationError('type', 'give the name of a type of the model')
  return { user, relation, type, serverLimit, serverDeadlineMs, ...factsOf(context, contextualTuples) }
}

/** Returns a name of this type. Refuses other types and `type:*`. */
export function objectOfType(name: string, type: string): string {
  if (isObjectName(name) && name.startsWith(`${type}:`)) return name
  throw new InvalidResponseError('OpenFGA: the answer names an object of another type')
}

/**
 * Returns the JSON of an answer, or throws its fault.
 * @throws ConfigurationError The server refused the request.
 * @throws InvalidResponseError The answer is from another API, or from another model.
 */
export function bodyOf(answer: HttpAnswer, modelId: string): unknown {
  const body = readBody(answer, modelId)
  if ('json' in body) return body.json
  const isRefusal = !answer.redirected && answer.status >= 400
  throw isRefusal
    ? new ConfigurationError('OpenFGA', body.problem)
    : new InvalidResponseError(`OpenFGA: ${body.problem}`)
}

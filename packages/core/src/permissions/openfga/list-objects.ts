import { BehalfError, ConfigurationError, InvalidResponseError, TransportError } from '../../base/errors/index.ts'
import { discardBody, parsedJson } from '../../base/values/index.ts'
import type { RelationshipQuestion } from './access-checker.ts'
import { askServer, openAnswer, questionTo, type StoreConnection, unanswered } from './http-backend.ts'
import { isRelation } from './may.ts'
import { isObjectName } from './object.ts'
import { factsOf, isUserName } from './question.ts'
import { type HttpAnswer, readBody } from './read-answer.ts'
import { type Consistency, listAnswer, listRequest, modelHeader, streamLine } from './wire.ts'

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
function checkListQuestion(question: ListQuestion) {
  const { user, relation, type, serverLimit = 1_000, serverDeadlineMs = 3_000, context, contextualTuples } = question
  if (!isUserName(user)) throw new ConfigurationError('user', 'give a user of OpenFGA, such as user:ann')
  if (!isRelation(relation))
    throw new ConfigurationError('relation', 'give one word of at most 50 bytes without ":#@*"')
  if (!isObjectName(`${type}:x`)) throw new ConfigurationError('type', 'give the name of a type of the model')
  return { user, relation, type, serverLimit, serverDeadlineMs, ...factsOf(context, contextualTuples) }
}

/** Returns a name of this type. Refuses other types and `type:*`. */
function objectOfType(name: string, type: string): string {
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

/** Maximum length of a line, in characters. An object's name has at most 256 bytes, so a longer line is invalid. */
const MAX_LINE = 10_000

/** Names of objects as the server finds them. To be read once. */
export interface ObjectStream extends AsyncIterable<string> {
  /** Known when the loop has ended. There is no limit of number here, but the server's deadline holds. */
  readonly mayBeCutOff: Extract<CutOff, 'deadline'> | undefined
}

interface StreamOptions {
  readonly consistency: Consistency
  readonly signal: AbortSignal | undefined
  /** Time limit from the first question to the last object, in milliseconds. */
  readonly timeoutMs: number
}

/** Asks for objects one by one. Sends nothing before the loop begins, and repeats nothing afterwards. */
export function streamObjects(store: StoreConnection, question: ListQuestion, options: StreamOptions): ObjectStream {
  const asked = checkListQuestion(question)
  let cutOff: 'deadline' | undefined
  async function* objects(): AsyncGenerator<string> {
    const leaving = new AbortController()
    const deadline = new TransportError(`no answer within ${options.timeoutMs} ms`)
    const timer = setTimeout(() => leaving.abort(deadline), options.timeoutMs)
    const signal = options.signal === undefined ? leaving.signal : AbortSignal.any([options.signal, leaving.signal])
    const started = performance.now()
    try {
      signal.throwIfAborted()
      for await (const line of linesOf(await open(store, asked, options.consistency, signal), signal)) {
        yield objectOfType(nameIn(line), asked.type)
      }
      if (performance.now() - started >= asked.serverDeadlineMs) cutOff = 'deadline'
    } finally {
      clearTimeout(timer)
      // A caller that leaves the loop needs no more objects.
      leaving.abort()
    }
  }
  return {
    [Symbol.asyncIterator]: objects,
    get mayBeCutOff() {
      return cutOff
    },
  }
}

async function open(
  store: StoreConnection,
  asked: ReturnType<typeof checkListQuestion>,
  consistency: Consistency,
  signal: AbortSignal,
): Promise<Response> {
  const { authorizationModelId } = store
  const body = listRequest(asked, { authorizationModelId, consistency })
  const answer = await openAnswer(store, questionTo(store, 'streamed-list-objects', body), signal)
  if (!('stream' in answer)) {
    bodyOf(answer, authorizationModelId)
    throw new InvalidResponseError('OpenFGA: the answer is no stream')
  }
  const response = answer.stream
  const answered = response.headers.get(modelHeader)
  if (answered !== null && answered !== authorizationModelId) {
    discardBody(response)
    throw new InvalidResponseError('OpenFGA: another authorization model answered')
  }
  return response
}

async function* linesOf(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  if (response.body === null) return
  let rest = ''
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of chunksOf(response.body, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE) throw new InvalidResponseError('OpenFGA: a line of the stream is too long')
      yield* lines.filter((line) => line.trim() !== '')
    }
    rest += decoder.decode()
  } catch (cause) {
    throw BehalfError.isInstance(cause) ? cause : unanswered(cause, signal)
  }
  if (rest.trim() !== '') yield rest
}

/** Yields the chunks of a body, and ends with the signal even if the body ignores it. */
async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted])
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function nameIn(line: string): string {
  const json = parsedJson(line)
  // An incomplete stream, or no JSON: the names before this point are right, but others may be missing.
  if (json === undefined) throw new TransportError('OpenFGA: the stream broke off')
  const parsed = streamLine.safeParse(json)
  if (!parsed.success) throw new InvalidResponseError('OpenFGA: a line of the stream is malformed')
  if (parsed.data.error !== undefined) {
    const { message = 'no reason given' } = parsed.data.error
    throw new TransportError(`OpenFGA ended the stream: ${JSON.stringify(message.slice(0, 200))}`)
  }
  if (parsed.data.result === undefined) throw new InvalidResponseError('OpenFGA: a line of the stream names no object')
  return parsed.data.result.object
}

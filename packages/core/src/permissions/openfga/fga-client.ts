import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type { RelationshipQuestion } from './access-checker.ts'
import { CheckQueue } from './check-queue.ts'
import { httpBackend, type StoreConnection } from './http-backend.ts'
import { type ListQuestion, listObjects, type ObjectList, type ObjectStream, streamObjects } from './list-objects.ts'
import { isRelation } from './may.ts'
import { isObjectName } from './object.ts'
import { factsOf, isUserName, type NotedQuestion } from './question.ts'
import type { Verdict } from './read-answer.ts'
import { readStoreOptions, readTimeout, type StoreOptions, storeKeys } from './read-options.ts'
import { type ReadPage, type ReadQuestion, readTuples, type Writes, type Written, writeTuples } from './tuples.ts'
import type { Consistency } from './wire.ts'

/** Options of a client for one OpenFGA store. */
export interface FgaClientOptions extends StoreOptions {
  /** Time that an answer of least latency may be reused, in seconds. @default answers are not kept */
  readonly cacheSeconds?: number
}

/** Options of one call to OpenFGA. */
export interface FgaCallOptions {
  /** @default 'minimizeLatency' */
  readonly consistency?: Consistency
  /** Aborts the call. */
  readonly signal?: AbortSignal
}

/** Answer to a question. `allowed` is true only if the server said so literally (F1). */
export type FgaAnswer =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      /** Problem, if the answer was not a plain denial. For the operator. */
      readonly problem?: string
      /** True if the server could not answer: an outage of this one question, not a refusal. */
      readonly unavailable?: true
    }

/**
 * OpenFGA's API for one store and one pinned model.
 *
 * Sends names as you give them: build a name from input with `object(type, id)`. Conditions get a `now` only if you
 * give one. To guard tools, use `openFga`, which checks user, agent and delegation together.
 */
export interface FgaClient {
  /**
   * Asks one question. Calls of one turn of the event loop share requests, and identical calls share an answer.
   * @throws TransportError No answer in time.
   * @throws ConfigurationError The question is not well-formed and was not sent, or the server does not know store,
   *   model or credentials.
   */
  check(question: RelationshipQuestion, options?: FgaCallOptions): Promise<FgaAnswer>
  /** Returns one answer for each question, in their order, in requests of at most 50. @throws As `check` does. */
  batchCheck(questions: readonly RelationshipQuestion[], options?: FgaCallOptions): Promise<readonly FgaAnswer[]>
  /**
   * Returns the objects of a type to which the user has the relation, and whether there may be more of them.
   * @throws TransportError No answer in time.
   * @throws ConfigurationError The server refused the question; the message says why.
   * @throws InvalidResponseError The answer is not what the API defines, or another model's.
   */
  listObjects(question: ListQuestion, options?: FgaCallOptions): Promise<ObjectList>
  /** Yields the objects one by one, without a limit on their number. The loop over it throws faults. */
  streamObjects(question: ListQuestion, options?: FgaCallOptions): ObjectStream
  /** Returns one page of the stored tuples. @throws As `listObjects` does. */
  read(question?: ReadQuestion, options?: FgaCallOptions): Promise<ReadPage>
  /**
   * Writes and deletes at most 100 tuples, all or nothing. Does not repeat a write that may have happened.
   * @throws TransportError No answer: the write may or may not have happened. Check with `read`.
   * @throws ConfigurationError The server refused it for another reason than the stored tuples.
   */
  write(writes: Writes, options?: Pick<FgaCallOptions, 'signal'>): Promise<Written>
}

/**
 * Makes a client of OpenFGA over `fetch`: fails closed, aborts, follows no redirect, and keeps one deadline.
 * @throws ConfigurationError An option is missing or wrong; nothing was sent.
 */
export function fgaClient(options: FgaClientOptions): FgaClient {
  refuseUnknownKeys('fgaClient', options, [...storeKeys, 'cacheSeconds'])
  const { cacheSeconds = 0 } = options
  if (!Number.isFinite(cacheSeconds) || cacheSeconds < 0) {
    throw new ConfigurationError('fgaClient.cacheSeconds', 'give a number of seconds, or leave it out')
  }
  const store: StoreConnection = readStoreOptions(options)
  const timeoutMs = readTimeout(options.timeoutMs)
  const queue = new CheckQueue(httpBackend(store), { clock: store.clock, stampsTime: false, cacheSeconds })
  const within = <Answer>(signal: AbortSignal | undefined, work: (either: AbortSignal) => Promise<Answer>) =>
    withinDeadline({ timeoutMs, signal }, work)
  const ask = async (questions: readonly RelationshipQuestion[], { consistency, signal }: FgaCallOptions = {}) => {
    const checked = questions.map(checkQuestion)
    const verdicts = await within(signal, (either) => queue.ask(checked, consistencyOf(consistency), either))
    return verdicts.map(answerOf)
  }
  return Object.freeze({
    check: async (question, call) => (await ask([question], call))[0] as FgaAnswer,
    batchCheck: ask,
    listObjects: async (question, { consistency, signal } = {}) => {
      const level = consistencyOf(consistency)
      return within(signal, (either) => listObjects(store, question, level, either))
    },
    streamObjects: (question, { consistency, signal } = {}) =>
      streamObjects(store, question, { consistency: consistencyOf(consistency), signal, timeoutMs }),
    read: async (question = {}, { consistency, signal } = {}) => {
      const level = consistencyOf(consistency)
      return within(signal, (either) => readTuples(store, question, level, either))
    },
    write: async (writes, { signal } = {}) => within(signal, (either) => writeTuples(store, writes, either)),
  } satisfies FgaClient)
}

function consistencyOf(consistency: Consistency = 'minimizeLatency'): Consistency {
  if (consistency === 'minimizeLatency' || consistency === 'higherConsistency') return consistency
  throw new ConfigurationError('consistency', "give 'minimizeLatency' or 'higherConsistency'")
}

function checkQuestion(question: RelationshipQuestion): NotedQuestion {
  const { user, relation, object, context } = question
  if (!isUserName(user))
    throw new ConfigurationError('user', 'give a user of OpenFGA, such as user:ann or group:g#member')
  if (!isRelation(relation))
    throw new ConfigurationError('relation', 'give one word of at most 50 bytes without ":#@*"')
  if (!isObjectName(object)) throw new ConfigurationError('object', 'give an object name: object(type, id) makes one')
  return { user, relation, object, ...factsOf(context, question.contextualTuples) }
}

function answerOf(verdict: Verdict): FgaAnswer {
  if (verdict.kind === 'allowed') return { allowed: true }
  const { kind, problem } = verdict
  return {
    allowed: false,
    ...(problem !== undefined && { problem }),
    ...(kind === 'fault' && { unavailable: true as const }),
  }
}

import { ConfigurationError, InvalidResponseError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import type { RelationshipTuple } from './access-checker.ts'
import { askServer, questionTo, type StoreConnection } from './http-backend.ts'
import { bodyOf } from './list-objects.ts'
import { checkTuples } from './question.ts'
import { serverErrorOf } from './read-answer.ts'
import { type Consistency, readAnswerBody, readRequest, writeRequest } from './wire.ts'

/**
 * Filter for tuples. `object` may be a type and a colon, `portfolio:`, for all objects of a type. An empty filter: all
 * tuples.
 */
export interface ReadQuestion {
  /** User of the tuples, such as `user:ann`. Absent: any user. */
  readonly user?: string
  /** Relation of the tuples. Absent: any relation. */
  readonly relation?: string
  /** Object of the tuples, or its type and a colon. Absent: any object. */
  readonly object?: string
  /** 1 to 100. @default the server's own, 50 */
  readonly pageSize?: number
  /** Token from the previous page. */
  readonly continuationToken?: string
}

/** Tuple that the server stores. */
export interface StoredTuple extends RelationshipTuple {
  /** Time of the write, as the server writes it. */
  readonly timestamp?: string
}

/** One page of stored tuples. */
export interface ReadPage {
  /** Tuples of this page, in the order of the server. */
  readonly tuples: readonly StoredTuple[]
  /** Absent: this is the last page. */
  readonly continuationToken?: string
}

/** Reads stored tuples; evaluates nothing. */
export async function readTuples(
  store: StoreConnection,
  question: ReadQuestion,
  consistency: Consistency,
  signal: AbortSignal,
): Promise<ReadPage> {
  refuseUnknownKeys('read', question, ['user', 'relation', 'object', 'pageSize', 'continuationToken'])
  const { user, relation, object, pageSize, continuationToken } = question
  if (object === undefined && (user ?? relation) !== undefined) {
    throw new ConfigurationError(
      'read.object',
      'OpenFGA wants an object, or a type and a colon, beside user or relation',
    )
  }
  const named = { ...(user && { user }), ...(relation && { relation }), ...(object && { object }) }
  const tupleKey = Object.keys(named).length === 0 ? undefined : named
  const body = readRequest({ tupleKey, pageSize, continuationToken, consistency })
  const answer = await askServer(store, questionTo(store, 'read', body), signal)
  const parsed = readAnswerBody.safeParse(bodyOf(answer, store.authorizationModelId))
  if (!parsed.success) throw new InvalidResponseError('OpenFGA: the answer holds no list of tuples')
  const { tuples, continuation_token: next = '' } = parsed.data
  return {
    tuples: tuples.map(({ key, timestamp }) => ({
      user: key.user,
      relation: key.relation,
      object: key.object,
      ...(key.condition != null && {
        condition: { name: key.condition.name, context: key.condition.context ?? {} },
      }),
      ...(timestamp !== undefined && { timestamp }),
    })),
    ...(next !== '' && { continuationToken: next }),
  }
}

/** Tuples that one write stores and deletes: at most 100 in all. */
export interface Writes {
  /**
   * Tuples to write. Put limits into the condition's context: a question may set every value that a tuple leaves open.
   */
  readonly writes?: readonly RelationshipTuple[]
  /** Tuples to delete. Absent: none. */
  readonly deletes?: readonly RelationshipTuple[]
}

/** Result of a write of tuples. */
export type Written =
  | { readonly status: 'written' }
  /**
   * Nothing was written: a tuple to write exists, a tuple to delete is missing, or another client wrote at the same
   * time.
   */
  | { readonly status: 'conflict'; readonly message: string }

const conflicts = ['write_failed_due_to_invalid_input', 'Aborted']

/** Writes and deletes together, all or nothing. */
export async function writeTuples(store: StoreConnection, asked: Writes, signal: AbortSignal): Promise<Written> {
  refuseUnknownKeys('write', asked, ['writes', 'deletes'])
  const writes = checkTuples('write.writes', asked.writes ?? [])
  const deletes = checkTuples('write.deletes', asked.deletes ?? [])
  const count = writes.length + deletes.length
  if (count === 0 || count > 100) throw new ConfigurationError('write', 'give 1 to 100 tuples in all')
  const body = writeRequest(writes, deletes, store.authorizationModelId)
  const answer = await askServer(store, { url: `${store.storeUrl}/write`, body, repeatAfter: 'throttled' }, signal)
  const error = answer.redirected ? undefined : serverErrorOf(answer.text)
  if (answer.status === 409 || (answer.status === 400 && error !== undefined && conflicts.includes(error.code))) {
    return { status: 'conflict', message: (error?.message ?? 'another write at the same time').slice(0, 500) }
  }
  bodyOf(answer, store.authorizationModelId)
  return { status: 'written' }
}

import { ConfigurationError, InvalidResponseError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import type { RelationshipTuple } from './access-checker.ts'
import { askServer } from './ask-server.ts'
import { questionTo, type StoreConnection } from './http-backend.ts'
import { bodyOf } from './list-objects.ts'
import { type Consistency, readAnswerBody, readRequest } from './wire.ts'

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

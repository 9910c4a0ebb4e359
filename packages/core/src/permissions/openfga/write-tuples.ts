import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import type { RelationshipTuple } from './access-checker.ts'
import { askServer } from './ask-server.ts'
import type { StoreConnection } from './http-backend.ts'
import { bodyOf } from './list-objects.ts'
import { checkTuples } from './question.ts'
import { serverErrorOf } from './read-answer.ts'
import { writeRequest } from './wire.ts'

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

import type { FgaError } from '../errors/index.ts'
import type { Page, Tuple, TupleKey } from '../tuples/index.ts'

/** Additional data of a question. */
export interface Circumstances {
  /** Parameters of conditions, as JSON. Those of a tuple win. */
  readonly context?: Readonly<Record<string, unknown>>
  /** Tuples that hold for this question alone. */
  readonly contextualTuples?: readonly Tuple[]
}

/** Has `user` this relation to `object`? */
export interface CheckQuestion extends TupleKey, Circumstances {}

/** One check of a batch. Its id has 1 to 36 letters, digits, `_` or `-`. */
export interface BatchCheckItem extends CheckQuestion {
  /** Id of the check in the answer. Unique in its batch. */
  readonly correlationId: string
}

/** Answer to an item. An item that cannot be answered has its own error; the others are answered. */
export type BatchCheckAnswer =
  | { readonly allowed: boolean; readonly error?: undefined }
  | { readonly error: FgaError; readonly allowed?: undefined }

/** Question: to which objects of a type does `user` have this relation? */
export interface ListObjectsQuestion extends Circumstances {
  /** The user in question: `user:ann`, `user:*` or `group:staff#member`. */
  readonly user: string
  /** The relation in question, such as `viewer`. */
  readonly relation: string
  /** Type of the objects, such as `document`. */
  readonly type: string
  /** Maximum number of objects in the answer. @default 1000, OpenFGA's own */
  readonly limit?: number
}

/** Question: which users of one kind have this relation to `object`? */
export interface ListUsersQuestion extends Circumstances {
  /** The object in question, such as `document:1`. */
  readonly object: string
  /** The relation in question, such as `viewer`. */
  readonly relation: string
  /** `user`, or `group#member`. */
  readonly filter: string
}

/**
 * A filter over stored tuples. Without any of `user`, `relation` and `object` it matches all. With one of them,
 * `object` is required: a whole name, or `document:` together with `user`.
 */
export interface ReadQuestion extends Partial<TupleKey> {
  /** Maximum number of tuples in a page, from 1 to 100. @default 50 */
  readonly pageSize?: number
  /** The token that the previous page returned. @default starts at the first tuple */
  readonly continuationToken?: string
}

/** One page of stored tuples. */
export type ReadAnswer = Omit<Page, 'next'> & {
  /** Empty: that was the last page. */
  readonly continuationToken: string
}

/** Tuples to delete and to write as one step: 1 to 100 in all, each of them once. */
export interface WriteRequest {
  /** Keys of the tuples to delete. Conditions are not compared. @default [] */
  readonly deletes?: readonly TupleKey[]
  /** Tuples to write. Each must fit the model. @default [] */
  readonly writes?: readonly Tuple[]
  /** Handling of a tuple that exists already. `ignore` still refuses another condition. @default 'error' */
  readonly onDuplicate?: 'error' | 'ignore'
  /** Handling of a delete of a missing tuple. @default 'error' */
  readonly onMissing?: 'error' | 'ignore'
}

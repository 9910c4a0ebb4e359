import type { FgaError } from '../errors/index.ts'
import type { Page, Tuple, TupleKey } from '../tuples/index.ts'

/** What a question may bring along. */
export interface Circumstances {
  /** Parameters of conditions, as JSON. Those of a tuple win. */
  readonly context?: Readonly<Record<string, unknown>>
  /** Tuples that hold for this question alone. */
  readonly contextualTuples?: readonly Tuple[]
}

/** Has `user` this relation to `object`? */
export interface CheckQuestion extends TupleKey, Circumstances {}

/** A check among others, told apart by an id of 1 to 36 letters, digits, `_` or `-`. */
export interface BatchCheckItem extends CheckQuestion {
  readonly correlationId: string
}

/** An item that cannot be answered has an error of its own; the others are answered. */
export type BatchCheckAnswer =
  | { readonly allowed: boolean; readonly error?: undefined }
  | { readonly error: FgaError; readonly allowed?: undefined }

/** To which objects of a type has `user` this relation? */
export interface ListObjectsQuestion extends Circumstances {
  readonly user: string
  readonly relation: string
  readonly type: string
  /** @default 1000, OpenFGA's own */
  readonly limit?: number
}

/** Which users of one kind have this relation to `object`? */
export interface ListUsersQuestion extends Circumstances {
  readonly object: string
  readonly relation: string
  /** `user`, or `group#member`. */
  readonly filter: string
}

export interface ReadQuestion extends Partial<TupleKey> {
  /** From 1 to 100. @default 50 */
  readonly pageSize?: number
  readonly continuationToken?: string
}

export type ReadAnswer = Omit<Page, 'next'> & {
  /** Empty: that was the last page. */
  readonly continuationToken: string
}

export interface WriteRequest {
  readonly deletes?: readonly TupleKey[]
  readonly writes?: readonly Tuple[]
  /** What a tuple that is there already means. `ignore` still refuses another condition. @default 'error' */
  readonly onDuplicate?: 'error' | 'ignore'
  /** What a delete of nothing means. @default 'error' */
  readonly onMissing?: 'error' | 'ignore'
}

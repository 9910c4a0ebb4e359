import type { Tuple, TupleKey } from './tuple.ts'

/**
 * Source from which the engine reads tuples: `memoryTuples()`, or your own over a database. Every method may be
 * asynchronous.
 *
 * A returned tuple must not change afterwards: the engine caches facts about it.
 */
export interface TupleSource {
  /**
   * Returns all tuples of one relation of one object, in any order.
   * @param only - `'usersets'`: only tuples whose user is a userset (`group:1#member`) are needed; others do no harm.
   */
  tuplesOf(object: string, relation: string, only?: 'usersets'): readonly Tuple[] | Promise<readonly Tuple[]>
  /** Returns one tuple by its key. Without this method, the engine searches {@link TupleSource.tuplesOf}. */
  tuple?(key: TupleKey): Tuple | undefined | Promise<Tuple | undefined>
  /** Returns every object of a type for which a tuple exists: the candidates of list objects. */
  objectsOf(type: string): readonly string[] | Promise<readonly string[]>
  /** A page of tuples. Absent: the engine refuses `read`. */
  page?(query: PageQuery): Page | Promise<Page>
  /** Deletes, then writes, all or nothing. Absent: the engine refuses `write`. */
  change?(change: TupleChange): void | Promise<void>
}

/** A filter over stored tuples, and which page of the result is wanted. */
export interface PageQuery {
  /** User of the tuples. Absent: any user. */
  readonly user?: string
  /** Relation of the tuples. Absent: any relation. */
  readonly relation?: string
  /** A whole name, or `document:` for every object of a type. */
  readonly object?: string
  /** Maximum number of tuples in the page. The engine asks for 1 to 100. */
  readonly size: number
  /** Continuation of an earlier page; only its source understands it. */
  readonly after?: string
}

/** One page of stored tuples. */
export interface Page {
  /** At most `size` tuples, in the same order from page to page. */
  readonly tuples: readonly StoredTuple[]
  /** Absent: that was the last page. */
  readonly next?: string
}

/** A tuple and when it was written. */
export interface StoredTuple {
  /** The tuple, with its condition. */
  readonly tuple: Tuple
  /** Time of the write, in epoch milliseconds. */
  readonly writtenAt: number
}

/** Changes of one write. The engine leaves out deletes of missing tuples and writes of existing ones. */
export interface TupleChange {
  /** Keys of the tuples to delete. */
  readonly deletes: readonly TupleKey[]
  /** Tuples to write, after the deletes. */
  readonly writes: readonly Tuple[]
}

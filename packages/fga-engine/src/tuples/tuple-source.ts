import type { Tuple, TupleKey } from './tuple.ts'

/**
 * Where the engine reads tuples: `memoryTuples()`, or your own over a database. Every method may be asynchronous.
 *
 * A tuple that was handed out must not change afterwards: what is learned about it is kept with it.
 */
export interface TupleSource {
  /**
   * All tuples of one relation of one object, in any order.
   *
   * @param only - `'usersets'`: those whose user is one (`group:1#member`) are enough; more do no harm.
   */
  tuplesOf(object: string, relation: string, only?: 'usersets'): readonly Tuple[] | Promise<readonly Tuple[]>
  /** One tuple by its key. Without it, the engine searches {@link TupleSource.tuplesOf}. */
  tuple?(key: TupleKey): Tuple | undefined | Promise<Tuple | undefined>
  /** Every object of a type that some tuple is about: the candidates of list objects. */
  objectsOf(type: string): readonly string[] | Promise<readonly string[]>
  /** A page of tuples. Absent: the engine refuses `read`. */
  page?(query: PageQuery): Page | Promise<Page>
  /** Deletes, then writes, all or nothing. Absent: the engine refuses `write`. */
  change?(change: TupleChange): void | Promise<void>
}

export interface PageQuery {
  readonly user?: string
  readonly relation?: string
  /** A whole name, or `document:` for every object of a type. */
  readonly object?: string
  readonly size: number
  /** What an earlier page answered; only its source understands it. */
  readonly after?: string
}

export interface Page {
  readonly tuples: readonly StoredTuple[]
  /** Absent: that was the last page. */
  readonly next?: string
}

export interface StoredTuple {
  readonly tuple: Tuple
  /** When it was written, epoch milliseconds. */
  readonly writtenAt: number
}

export interface TupleChange {
  readonly deletes: readonly TupleKey[]
  readonly writes: readonly Tuple[]
}

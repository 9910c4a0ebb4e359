import { FgaError } from '../errors/index.ts'
import { copyOfTuple } from './copy-tuple.ts'
import { isUserset, typeOf } from './names.ts'
import { type Tuple, type TupleKey, tupleText } from './tuple.ts'
import type { Page, PageQuery, StoredTuple, TupleChange, TupleSource } from './tuple-source.ts'

/** Tuples in memory, with additional methods for tests. */
export interface MemoryTuples extends Required<TupleSource> {
  /** Returns one tuple by its key, or `undefined`. */
  tuple(key: TupleKey): Tuple | undefined
  /**
   * Returns a page in the order of writing.
   * @throws FgaError `invalid_continuation_token`: `after` is not of this source.
   */
  page(query: PageQuery): Page
  /** Deletes, then writes. A missing key is ignored, and an existing tuple is replaced. */
  change(change: TupleChange): void
  /** Every tuple, in the order in which they were written. */
  all(): readonly Tuple[]
  /** Writes without looking at a model; a tuple that is there already is replaced. */
  put(...tuples: readonly Tuple[]): void
  /** Removes these tuples if they exist; conditions do not count. */
  drop(...keys: readonly TupleKey[]): void
  /** Removes every tuple. */
  clear(): void
}

/** Options of {@link memoryTuples}. */
export interface MemoryTuplesOptions {
  /** Returns the time for `timestamp` of tuples, in epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** Makes a tuple source in memory. It copies and freezes tuples when it receives them. */
export function memoryTuples(
  initial: readonly Tuple[] = [],
  { now = Date.now }: MemoryTuplesOptions = {},
): MemoryTuples {
  return new Memory(initial, now)
}

interface Entry extends StoredTuple {
  readonly sequence: number
}

class Memory implements MemoryTuples {
  readonly #now: () => number
  /** Entries by key, in the order of writing. */
  readonly #entries = new Map<string, Entry>()
  /** Tuples by `object#relation`, then by user. */
  readonly #relations = new Map<string, Map<string, Tuple>>()
  /** The same, of usersets alone: a relation may have many users and few groups. */
  readonly #usersets = new Map<string, Map<string, Tuple>>()
  /** Number of tuples of each object, by type. */
  readonly #objects = new Map<string, Map<string, number>>()
  #sequence = 0

  constructor(initial: readonly Tuple[], now: () => number) {
    this.#now = now
    // Written one by one: spreading a large list could exceed the stack.
    for (const tuple of initial) this.put(tuple)
  }

  tuplesOf(object: string, relation: string, only?: 'usersets'): readonly Tuple[] {
    const found = (only === undefined ? this.#relations : this.#usersets).get(`${object}#${relation}`)
    return found === undefined ? [] : [...found.values()]
  }

  tuple({ object, relation, user }: TupleKey): Tuple | undefined {
    return this.#relations.get(`${object}#${relation}`)?.get(user)
  }

  objectsOf(type: string): readonly string[] {
    return [...(this.#objects.get(type)?.keys() ?? [])]
  }

  page({ size, after = '0', ...filter }: PageQuery): Page {
    const from = Number(after)
    if (!Number.isSafeInteger(from) || from < 0) {
      throw new FgaError('invalid_continuation_token', 'Invalid continuation token')
    }
    const tuples: Entry[] = []
    for (const entry of this.#entries.values()) {
      if (entry.sequence <= from || !matches(entry.tuple, filter)) continue
      if (tuples.length === size) return { tuples, next: String(tuples.at(-1)?.sequence ?? from) }
      tuples.push(entry)
    }
    return { tuples }
  }

  change({ deletes, writes }: TupleChange): void {
    this.drop(...deletes)
    this.put(...writes)
  }

  all(): readonly Tuple[] {
    return Array.from(this.#entries.values(), ({ tuple }) => tuple)
  }

  put(...tuples: readonly Tuple[]): void {
    for (const given of tuples) {
      const tuple = copyOfTuple(given)
      this.drop(tuple)
      this.#entries.set(tupleText(tuple), { tuple, writtenAt: this.#now(), sequence: ++this.#sequence })
      const key = `${tuple.object}#${tuple.relation}`
      entry(this.#relations, key).set(tuple.user, tuple)
      if (isUserset(tuple.user)) entry(this.#usersets, key).set(tuple.user, tuple)
      const objects = entry(this.#objects, typeOf(tuple.object))
      objects.set(tuple.object, (objects.get(tuple.object) ?? 0) + 1)
    }
  }

  drop(...keys: readonly TupleKey[]): void {
    for (const key of keys) {
      if (!this.#entries.delete(tupleText(key))) continue
      for (const index of [this.#relations, this.#usersets]) {
        index.get(`${key.object}#${key.relation}`)?.delete(key.user)
      }
      const objects = entry(this.#objects, typeOf(key.object))
      const left = (objects.get(key.object) ?? 1) - 1
      if (left === 0) objects.delete(key.object)
      else objects.set(key.object, left)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#relations.clear()
    this.#usersets.clear()
    this.#objects.clear()
  }
}

function matches(tuple: Tuple, { user, relation, object }: Partial<TupleKey>): boolean {
  if (user !== undefined && tuple.user !== user) return false
  if (relation !== undefined && tuple.relation !== relation) return false
  if (object === undefined) return true
  return object.endsWith(':') ? tuple.object.startsWith(object) : tuple.object === object
}

function entry<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let found = maps.get(key)
  if (found === undefined) {
    found = new Map()
    maps.set(key, found)
  }
  return found
}

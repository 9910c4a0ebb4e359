import type { Store } from '../../../src/index.ts'
import { overStore } from './over-store.ts'

/**
 * A store whose database an attacker can write without any key: index rows are not sealed, and can be pointed at
 * another record.
 */
export function pointedRows(inner: Store) {
  const indexes = new Map<string, readonly string[]>()
  const alias = new Map<string, string>()
  const store = overStore(inner, {
    put: (key, value, options) => {
      indexes.set(key, options.index ?? [])
      return inner.put(key, value, options)
    },
    list: (index, options) => inner.list(alias.get(index) ?? index, options),
  })
  return {
    store,
    /** Keys of records that were written, in order. */
    keys: (prefix: string) => [...indexes.keys()].filter((key) => key.startsWith(prefix)),
    /** Points the rows of one record's indexes at another record. */
    point(own: string, victim: string) {
      const theirs = indexes.get(victim) ?? []
      for (const [at, index] of (indexes.get(own) ?? []).entries()) {
        const target = theirs[at]
        if (target !== undefined) alias.set(index, target)
      }
    },
    indexesOf: (key: string) => indexes.get(key) ?? [],
    alias,
  }
}

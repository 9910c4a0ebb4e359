/**
 * The caches of core, as a simulated process has them: the library sets aside memory for all entries that a cache may
 * have, and a third of the time of a sequence went into that. No sequence comes to so many entries.
 */
import { LRUCache as Full } from 'lru-cache'

const ENOUGH = 500

type Options<Key extends object | string, Value extends object> = Full.Options<Key, Value, unknown>

export class LRUCache<Key extends object | string, Value extends object> extends Full<Key, Value> {
  constructor(options: Options<Key, Value>) {
    const { max } = options
    super(max === undefined ? options : { ...options, max: Math.min(max, ENOUGH) })
  }
}

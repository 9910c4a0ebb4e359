import type { Store } from '@behalf/core'
import type { Versioned } from '@behalf/core/spi'

/** Breaks a store. `isNow` decides at each operation whether it goes wrong. */
export type Break = (store: Store, isNow: () => boolean) => Store

/** A write takes no notice of the version that it was given, as where it is checked before the write and not by it. */
const lostUpdate: Break = (store, isNow) => ({
  ...store,
  put: async (key, value, options) => {
    if (!isNow()) return store.put(key, value, options)
    const found = await store.get(key)
    return store.put(key, value, { ...options, ifVersion: found?.version ?? null })
  },
})

/** A read answers with what was read before, as a replica does that lags behind. */
const staleRead: Break = (store, isNow) => {
  const replica = new Map<string, Versioned | undefined>()
  return {
    ...store,
    get: async (key) => {
      if (isNow() && replica.has(key)) return replica.get(key)
      const found = await store.get(key)
      replica.set(key, found)
      return found
    },
  }
}

/** What was deleted is there again, as where two copies of a store are merged. */
const resurrectedKey: Break = (store, isNow) => ({
  ...store,
  delete: async (key, options) => {
    const found = await store.get(key)
    const answer = await store.delete(key, options)
    if (answer === 'deleted' && found !== undefined && isNow()) await store.put(key, found.value, { ifVersion: null })
    return answer
  },
})

/** What one client claimed is given to the next one too, as where it is found first and leased later. */
const duplicateClaim: Break = (store, isNow) => {
  const claimed = new Map<string, readonly Versioned[]>()
  return {
    ...store,
    claimDue: async (queue, options) => {
      const found = await store.claimDue(queue, options)
      if (found.length > 0) claimed.set(queue, found)
      return found.length === 0 && isNow() ? (claimed.get(queue) ?? []) : found
    },
  }
}

/** A counter forgets a count, as where two clients read the same total. */
const lostCount: Break = (store, isNow) => {
  const totals = new Map<string, number>()
  return {
    ...store,
    increment: async (key, options) => {
      const before = totals.get(key)
      if (isNow() && before !== undefined) return before
      const total = await store.increment(key, options)
      totals.set(key, total)
      return total
    },
  }
}

export const breaks: Readonly<Record<string, Break>> = {
  'a lost update': lostUpdate,
  'a stale read': staleRead,
  'a resurrected key': resurrectedKey,
  'a duplicate claim': duplicateClaim,
  'a lost count': lostCount,
}

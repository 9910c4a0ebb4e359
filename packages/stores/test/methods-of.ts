import type { Store } from '@behalf/core'

/** A store as a plain object, some of whose methods a test replaces. */
export const methodsOf = (store: Store): Store => ({
  specificationVersion: store.specificationVersion,
  durable: store.durable,
  now: () => store.now(),
  get: (key) => store.get(key),
  put: (key, value, options) => store.put(key, value, options),
  delete: (key, options) => store.delete(key, options),
  claimDue: (queue, options) => store.claimDue(queue, options),
  list: (index, options) => store.list(index, options),
  increment: (key, options) => store.increment(key, options),
})

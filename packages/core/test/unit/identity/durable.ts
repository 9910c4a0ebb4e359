import type { Store } from '../../../src/index.ts'

/** The same store, which says that it outlives the process. */
export const durably = (store: Store): Store => ({
  specificationVersion: 2,
  durable: true,
  now: () => store.now(),
  get: (key) => store.get(key),
  put: (key, value, options) => store.put(key, value, options),
  delete: (key, options) => store.delete(key, options),
  claimDue: (queue, options) => store.claimDue(queue, options),
  list: (index, options) => store.list(index, options),
  increment: (key, options) => store.increment(key, options),
})

import type { Store } from '@behalf/core'

/** Leases and waits of a minute end after a second and a half, so that tests wait for them and not for a minute. */
export const HASTENED_BY = 40

/** What is nearer than this is left as it is, in seconds. */
const NEAR_SECONDS = 5
/** Longer than any lease: an end of life, not a lease. Seconds. */
const LONGEST_LEASE = 60

const sooner = (seconds: number): number => (seconds > NEAR_SECONDS ? seconds / HASTENED_BY : seconds)

/** The same store for processes that have no minute to wait until a dead one's leases end. */
export function hastened(store: Store): Store {
  return {
    specificationVersion: 2,
    durable: store.durable,
    now: () => store.now(),
    get: (key) => store.get(key),
    list: (index, options) => store.list(index, options),
    delete: (key, options) => store.delete(key, options),
    increment: (key, options) => store.increment(key, options),
    claimDue: (queue, { limit, leaseSeconds }) =>
      store.claimDue(queue, { limit, leaseSeconds: leaseSeconds / HASTENED_BY }),
    put(key, value, { expiresInSeconds, due, ...rest }) {
      const isLease = expiresInSeconds !== undefined && expiresInSeconds <= LONGEST_LEASE
      const seconds = isLease ? expiresInSeconds / HASTENED_BY : expiresInSeconds
      return store.put(key, value, {
        ...rest,
        ...(seconds !== undefined && { expiresInSeconds: seconds }),
        ...(due !== undefined && { due: { ...due, inSeconds: sooner(due.inSeconds) } }),
      })
    },
  }
}

import type { Store } from '@behalf/core'
import { methodsOf } from './methods-of.ts'

/** Leases and waits of a minute end after a second and a half, so that tests wait for them and not for a minute. */
export const HASTENED_BY = 40

/** What is nearer than this is left as it is, in seconds. */
const NEAR_SECONDS = 5
/** Longer than any lease: an end of life, not a lease. Seconds. */
const LONGEST_LEASE = 60
/** A holder renews the shortest lease after a third of it. A request may take as long as it does elsewhere. Seconds. */
const FIRST_RENEWAL = 15

/**
 * The same store for processes that have no minute to wait until a dead one's leases end.
 *
 * A holder that lives renews its lease by a timer of its own process: {@link hastenTimers} hastens that too.
 */
export function hastened(store: Store, by = HASTENED_BY): Store {
  const sooner = (seconds: number): number => (seconds > NEAR_SECONDS ? seconds / by : seconds)
  return {
    ...methodsOf(store),
    claimDue: (queue, { limit, leaseSeconds }) => store.claimDue(queue, { limit, leaseSeconds: leaseSeconds / by }),
    put(key, value, { expiresInSeconds, due, ...rest }) {
      const isLease = expiresInSeconds !== undefined && expiresInSeconds <= LONGEST_LEASE
      const seconds = isLease ? expiresInSeconds / by : expiresInSeconds
      return store.put(key, value, {
        ...rest,
        ...(seconds !== undefined && { expiresInSeconds: seconds }),
        ...(due !== undefined && { due: { ...due, inSeconds: sooner(due.inSeconds) } }),
      })
    },
  }
}

/** Timers of 15 seconds and more end sooner from here on, in the whole process: a lease is renewed in time. */
export function hastenTimers(by = HASTENED_BY): void {
  const start = globalThis.setTimeout
  const hasty = (work: () => void, milliseconds = 0, ...rest: []) =>
    start(work, milliseconds >= FIRST_RENEWAL * 1000 ? milliseconds / by : milliseconds, ...rest)
  globalThis.setTimeout = Object.assign(hasty, { __promisify__: start.__promisify__ }) as typeof setTimeout
}

import { BehalfError, StoreError } from '../base/errors/index.ts'
import type { Store } from '../base/ports.ts'

const wrappers = new WeakMap<Store, Store>()

/**
 * Returns the same store, with every error as a `BehalfError`.
 *
 * Stores classify their own faults. An error that a store did not classify becomes a `StoreError` with the reason
 * `unclassified`. The message names only its class, because drivers write addresses and passwords into messages.
 */
export function classifiedStore(store: Store): Store {
  const known = wrappers.get(store)
  if (known !== undefined) return known
  const wrapper: Store = {
    specificationVersion: 2,
    durable: store.durable,
    now: () => classified(() => store.now()).then(toldTime),
    get: (key) => classified(() => store.get(key)),
    put: (key, value, options) => classified(() => store.put(key, value, options)),
    delete: (key, options) => classified(() => store.delete(key, options)),
    claimDue: (queue, options) => classified(() => store.claimDue(queue, options)),
    list: (index, options) => classified(() => store.list(index, options)),
    increment: (key, options) => classified(() => store.increment(key, options)),
  }
  wrappers.set(store, wrapper)
  wrappers.set(wrapper, wrapper)
  return wrapper
}

/**
 * Checks a time from the store. Comparisons with `NaN` are false, so such a time would pass the check of the clocks.
 */
function toldTime(seconds: number): number {
  if (Number.isFinite(seconds)) return seconds
  throw new StoreError('corrupt', 'the store returned a time that is not a number')
}

async function classified<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (BehalfError.isInstance(error)) throw error
    const name = error instanceof Error ? error.constructor.name : typeof error
    const shown = /^\w{1,64}$/.test(name) ? name : 'an error'
    throw new StoreError('unclassified', `the store threw an error that it did not classify: ${shown}`, {
      cause: error,
    })
  }
}

/** Returns whether the store did not answer, or failed in an unknown way: the request may have taken effect. */
export function isOutage(error: unknown): boolean {
  if (!BehalfError.isInstance(error)) return false
  return error.retryable || (error.code === 'ERR_STORE' && (error as StoreError).reason === 'unclassified')
}

interface Patience {
  /** Time for which a store that does not answer is retried, in seconds. */
  readonly seconds: number
  /** Whether the process may end during the retries. @default false */
  readonly unref?: boolean
}

/**
 * Repeats work that a store did not answer, with growing pauses, until it succeeds or the time is over. The work must
 * be safe to repeat.
 * @throws StoreError The store did not answer in all that time.
 */
export async function whileUnavailable<Result>(
  work: () => Promise<Result>,
  { seconds, unref = false }: Patience,
): Promise<Result> {
  // Most writes succeed at once, and need no library of retries.
  try {
    return await work()
  } catch (error) {
    if (!isOutage(error)) throw error
  }
  const { default: pRetry } = await import('p-retry')
  return pRetry(work, {
    retries: 1_000,
    minTimeout: 50,
    maxTimeout: Math.max(1_000, seconds * 20),
    maxRetryTime: seconds * 1000,
    randomize: true,
    unref,
    shouldRetry: ({ error }) => isOutage(error),
  })
}

/**
 * Writes until the store accepts it, or the time is over. A write whose answer was lost finds its own record as a
 * conflict: then the stored record is read.
 * @throws StoreError The store did not answer in all that time.
 */
export async function untilWritten<Written>(
  write: () => Promise<Written | 'conflict'>,
  { isOurs, ...patience }: Patience & { readonly isOurs: () => Promise<boolean> },
): Promise<Written | 'written before' | 'conflict'> {
  let isAgain = false
  return whileUnavailable(async () => {
    const mayMeetItself = isAgain
    isAgain = true
    const written = await write()
    return mayMeetItself && written === 'conflict' && (await isOurs()) ? 'written before' : written
  }, patience)
}

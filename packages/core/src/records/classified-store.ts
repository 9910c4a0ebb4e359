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

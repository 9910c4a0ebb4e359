import { isOutage } from './lease.ts'

/** For so long a store that does not answer is asked again. Milliseconds. */
const PATIENCE_MS = 10 * 60 * 1000

/**
 * Writes until the store has taken it. Safe to repeat: what is written is decided by compare-and-swap.
 *
 * Keeps no process alive: where one dies first, the leases tell the next reader.
 */
export async function untilStored(write: () => Promise<unknown>): Promise<void> {
  // Most writes succeed at once, and need no library of retries.
  try {
    await write()
    return
  } catch (error) {
    if (!isOutage(error)) throw error
  }
  const { default: pRetry } = await import('p-retry')
  await pRetry(write, {
    retries: 1_000,
    minTimeout: 100,
    maxTimeout: 10_000,
    maxRetryTime: PATIENCE_MS,
    randomize: true,
    unref: true,
    shouldRetry: ({ error }) => isOutage(error),
  })
}

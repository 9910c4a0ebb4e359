import { isOutage } from './classified-store.ts'

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

import { isOutage } from './classified-store.ts'

/**
 * Writes until the store has taken it, or the time is over.
 *
 * A write whose answer got lost meets its own trace as a conflict: then what lies there is looked at.
 *
 * @throws StoreError The store did not answer in all that time.
 */
export async function untilWritten<Written>(
  write: () => Promise<Written | 'conflict'>,
  { seconds, isOurs }: { readonly seconds: number; readonly isOurs: () => Promise<boolean> },
): Promise<Written | 'written before' | 'conflict'> {
  // Most writes succeed at once, and need no library of retries.
  try {
    return await write()
  } catch (error) {
    if (!isOutage(error)) throw error
  }
  const { default: pRetry } = await import('p-retry')
  return pRetry(
    async () => {
      const written = await write()
      return written === 'conflict' && (await isOurs()) ? 'written before' : written
    },
    {
      retries: 20,
      minTimeout: 50,
      maxTimeout: 1_000,
      maxRetryTime: seconds * 1000,
      randomize: true,
      shouldRetry: ({ error }) => isOutage(error),
    },
  )
}

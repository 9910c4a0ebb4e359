import pRetry from 'p-retry'
import { isOutage } from '../lib/index.ts'

/**
 * Writes until the store has taken it, or the time is over.
 *
 * A write whose answer got lost meets its own trace as a conflict: then what lies there is looked at.
 *
 * @throws StoreError The store did not answer in all that time.
 */
export function untilWritten(
  write: () => Promise<string | 'conflict'>,
  { seconds, isOurs }: { readonly seconds: number; readonly isOurs: () => Promise<boolean> },
): Promise<string | 'conflict'> {
  let mayBeWritten = false
  return pRetry(
    async () => {
      try {
        const written = await write()
        if (written !== 'conflict' || !mayBeWritten) return written
        return (await isOurs()) ? 'written before' : 'conflict'
      } catch (error) {
        mayBeWritten = true
        throw error
      }
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

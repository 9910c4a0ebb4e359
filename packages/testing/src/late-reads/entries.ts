import { expect, test } from 'vitest'
import { Watch } from './watch.ts'

/**
 * Calls by entry point: a call with watched objects, and its expected result, which shows that it did all of its work.
 */
export type Entries = Readonly<Record<string, readonly [call: (watch: Watch) => Promise<unknown>, expected: unknown]>>

/** Tests that each of these entry points reads the app's objects before its first wait. */
export function readsInTime(entries: Entries): void {
  test.each(Object.entries(entries))(
    '%s reads nothing of an app after its first wait, so that the app may reuse the same objects for its next user',
    async (_, [call, expected]) => {
      const watch = new Watch()
      const outcome = await call(watch)
      expect([...watch.late]).toEqual([])
      expect(watch.reads).toBeGreaterThan(0)
      if (typeof expected === 'object' && expected !== null) expect(outcome).toMatchObject(expected)
      else expect(outcome).toEqual(expected)
    },
  )
}

import { describe } from 'vitest'
import { clockSkewTests } from './store/clock-skew.ts'
import { concurrencyTests } from './store/concurrency.ts'
import { counterTests } from './store/counters.ts'
import { expiryTests } from './store/expiry.ts'
import { indexTests } from './store/index-and-list.ts'
import { nameTests } from './store/names.ts'
import { outageTests, type StoreOutage } from './store/outage.ts'
import { pagingTests } from './store/paging.ts'
import { queueTests } from './store/queue.ts'
import { refusalTests } from './store/refusals.ts'
import { restartTests } from './store/restart.ts'
import { type StoreUnderTest, withStore } from './store/store-under-test.ts'
import { valueTests } from './store/values.ts'
import { versionTests } from './store/versions.ts'

/** Time limit for a test that hangs, in milliseconds. It does not measure speed. */
const TEST_TIMEOUT = 120_000

/** Facts of a store for {@link describeStore}. */
export interface StoreSubject {
  /** A fresh, empty store for each test. */
  readonly create: () => Promise<StoreUnderTest>
  /** Whether stores of `create` share nothing, so that tests that wait may run at once. @default false */
  readonly concurrent?: boolean
  /**
   * Ways to make the store's server unavailable. Absent: the store has no server, or the suite does not test its
   * outages.
   */
  readonly outages?: readonly StoreOutage[]
}

/**
 * Registers tests of the `Store` port's contract. A store that passes can hold approvals and tokens.
 *
 * Each test gets a fresh, empty store from `create`. With `advance` the suite takes well under a second; without, it
 * waits in real time, about 50 seconds in all, or 15 where tests may wait at once.
 *
 * @param name - For the title, such as the driver's name.
 * @example
 * ```ts
 * import { describeStore } from '@behalf/testing/contract'
 * import { myStore } from './my-store.ts'
 *
 * describeStore('my store', {
 *   async create() {
 *     const store = myStore()
 *     return { store, close: () => store.close() }
 *   },
 * })
 * ```
 */
export function describeStore(name: string, subject: StoreSubject): void {
  const fresh = withStore(subject.create)
  const { concurrent = false, outages = [] } = subject
  // Runs one test after another, even if several stores are tested together.
  describe(`Store contract: ${name}`, { timeout: TEST_TIMEOUT, concurrent: false }, () => {
    describe('values', () => valueTests(fresh))
    describe('versions', () => versionTests(fresh))
    describe('names', () => nameTests(fresh))
    describe('refusals', () => refusalTests(fresh))
    describe('index', () => indexTests(fresh))
    describe('paging', () => pagingTests(fresh))
    describe('concurrency', () => concurrencyTests(fresh))
    describe('clock skew', () => clockSkewTests(fresh))
    describe('restart', () => restartTests(fresh))
    for (const outage of outages) describe('outage', () => outageTests(outage))
    // Those that wait for time to pass wait together, and apart from those that keep the machine busy.
    describe('in time', { concurrent }, () => {
      describe('expiry', () => expiryTests(fresh))
      describe('queue', () => queueTests(fresh))
      describe('counters', () => counterTests(fresh))
    })
  })
}

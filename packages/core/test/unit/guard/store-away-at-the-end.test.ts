import { verifies } from '@behalf/testing/requirements'
import { expect, onTestFinished, test, vi } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { passingTime, stopTime } from './passing-time.ts'
import { schema, smallWorld } from './small-world.ts'

const retries = policy(schema, {
  version: '1',
  approval: { onCrash: 'retry', message: ({ input }) => `Pay ${input.amount}` },
})

/** A body returned while the store was away, which is back after the run's lease has ended. */
async function awayForAMinute() {
  stopTime()
  const { guard, call, clock, store, answers } = smallWorld()
  let isAway = false
  const timers = vi.fn(globalThis.setTimeout)
  vi.stubGlobal('setTimeout', timers)
  onTestFinished(() => void vi.unstubAllGlobals())
  const behalf = guard({
    // The time of the test passes while calls are prepared, too.
    timeoutMs: 2 ** 31 - 1,
    store: tapped(store, async (_, __, next) => {
      if (!isAway) return next()
      throw new StoreError('unavailable', 'the store is away')
    }),
  })
  await behalf.preflight(retries, call())
  answers({ status: 'approved' })
  clock.advance(6)
  const first = behalf.run(retries, call(), () => {
    isAway = true
    return 'paid'
  })
  // The result is not stored, and the next try waits for its timer, which does not pass by itself.
  const isWaiting = () => timers.mock.calls.some(([, ms = 0]) => ms >= 50 && ms <= 100)
  while (!isWaiting()) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(61)
  isAway = false
  return { first, again: () => behalf.run(retries, call(), () => 'paid again'), other: guard(), call }
}

test(verifies('A2', 'a run whose body returned is not started again before its process has stored that'), async () => {
  const { first, again } = await awayForAMinute()
  const second = again()
  expect(await passingTime(first)).toMatchObject({ status: 'done', result: 'paid' })
  expect(await passingTime(second)).toMatchObject({ status: 'done', result: 'paid', replayed: true })
})

test(verifies('A2', 'nor is one that another process takes for dead meanwhile'), async () => {
  const { first, again, other, call } = await awayForAMinute()
  expect(await other.preflight(retries, call())).toMatchObject({ status: 'ready' })
  const second = again()
  expect(await passingTime(first)).toMatchObject({ status: 'done', result: 'paid' })
  expect(await passingTime(second)).toMatchObject({ status: 'done', result: 'paid', replayed: true })
})

test(verifies('A2', 'a body that runs while its process stands still is not run beside itself'), async () => {
  const { guard, call, clock, answers } = smallWorld()
  const behalf = guard()
  await behalf.preflight(retries, call())
  answers({ status: 'approved' })
  clock.advance(6)
  const began = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const first = behalf.run(retries, call(), async () => {
    began.resolve()
    await goOn.promise
    return 'paid'
  })
  await began.promise
  clock.advance(61)
  const second = behalf.run(retries, call(), () => 'paid again')
  goOn.resolve()
  expect(await first).toMatchObject({ status: 'done', result: 'paid' })
  expect(await second).toMatchObject({ status: 'done', result: 'paid', replayed: true })
})

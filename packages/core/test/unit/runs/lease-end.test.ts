import { expect, test } from 'vitest'
import { Lease } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { tapped } from './harness.ts'

test.each([
  ['on its way to the store', false],
  ['taken, and its answer on the way', true],
])('a lease that is released while a renewal is %s is free', async (_, isTaken) => {
  const store = memoryStore()
  let puts = 0
  let began = () => {}
  let goOn = () => {}
  const renewing = new Promise<void>((resolve) => (began = resolve))
  const held = new Promise<void>((resolve) => (goOn = resolve))
  const slow = tapped(store, async (operation, _key, next) => {
    if (operation !== 'put' || ++puts !== 2) return next()
    const answer = isTaken ? await next() : undefined
    began()
    await held
    return answer ?? next()
  })
  const lease = await Lease.take(slow, 'lease', 0.9)
  const stop = lease?.keep()
  await renewing
  stop?.()
  const released = lease?.release()
  await Promise.resolve()
  goOn()
  await released
  // A beat and more: a runner that still ran would renew.
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(await store.get('lease')).toBeUndefined()
  expect(puts).toBe(2)
})

import { expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { jobWorld } from './job-world.ts'

const [old, current, index] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

test('delegations are resealed, so that an old key can be retired; an interrupted run resumes where it was', async () => {
  const target = await jobWorld()
  const store = memoryStore({ clock: target.clock })
  const before = target.process({ store, keys: { seal: [old], index } })
  const ids = [await target.delegate(before), await target.delegate(before), await target.delegate(before)]
  let writes = 1
  const failing = tapped(store, (operation, _key, next) => {
    if (operation === 'put' && writes-- <= 0) throw new StoreError('unavailable', 'the store is down')
    return next()
  })
  const both = target.process({ store: failing, keys: { seal: [current, old], index } })
  await expect(both.delegations.reseal()).rejects.toMatchObject({ reason: 'unavailable' })
  writes = 10
  expect(await both.delegations.reseal()).toEqual({ resealed: 2, unreadable: [] })
  expect(await both.delegations.reseal()).toEqual({ resealed: 0, unreadable: [] })

  const after = target.process({ store, keys: { seal: [current], index } })
  for (const id of ids) expect((await after.delegations.identity(id)).subject).toBe('ann')
})

test('a delegation that does not open is named, and stays as it was', async () => {
  const target = await jobWorld()
  const store = memoryStore({ clock: target.clock })
  const written: string[] = []
  const watched = tapped(store, (operation, key, next) => {
    if (operation === 'put' && key.startsWith('delegation:')) written.push(key)
    return next()
  })
  await target.delegate(target.process({ store: watched, keys: { seal: [old], index } }))
  const retired = target.process({ store, keys: { seal: [current], index } })
  expect(await retired.delegations.reseal()).toEqual({ resealed: 0, unreadable: [written[0]] })
  const both = target.process({ store, keys: { seal: [current, old], index } })
  expect(await both.delegations.reseal()).toEqual({ resealed: 1, unreadable: [] })
})

test('a delegation that is resealed while it is made is made all the same', async () => {
  const target = await jobWorld()
  const store = memoryStore({ clock: target.clock })
  const resealing = target.process({ store, keys: { seal: [current, old], index } })
  const resealed: number[] = []
  const watched = tapped(store, async (operation, key, next) => {
    const result = await next()
    if (operation === 'put' && key.startsWith('delegation:')) {
      resealed.push((await resealing.delegations.reseal()).resealed)
    }
    return result
  })
  const id = await target.delegate(target.process({ store: watched, keys: { seal: [old, current], index } }))
  // After the first write, the second one, which meets another version, and the third.
  expect(resealed).toEqual([1, 0, 1])
  expect((await resealing.delegations.identity(id)).subject).toBe('ann')
})

import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lockedFile } from './sqlite-files.ts'

const value = new Uint8Array([1])

test('the lock is taken by the writes of a process in the order in which they were asked for: none is overtaken for ever', async () => {
  const { store, interrupt, mend, close } = await lockedFile()
  await interrupt()
  const written: string[] = []
  const write = async (key: string) => {
    await store.put(key, value, { ifVersion: null })
    written.push(key)
  }
  const waiting = [write('first'), write('second')]
  // It tries again at ever longer intervals.
  await wait(60)
  await mend()
  await Promise.all([...waiting, write('third')])
  await close()
  expect(written).toEqual(['first', 'second', 'third'])
})

test('waiting for a lock does not stop the process', async () => {
  const under = await lockedFile()
  await under.interrupt()
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  await expect(under.store.put('key', value, { ifVersion: null })).rejects.toMatchObject({ reason: 'unavailable' })
  clearInterval(timer)
  // Waiting inside SQLite would leave none; on a busy machine few are left anyway.
  expect(ticks).toBeGreaterThan(1)
  await under.mend()
  await under.close()
})

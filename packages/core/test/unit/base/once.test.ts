import { expect, test } from 'vitest'
import { once } from '../../../src/base/process/async.ts'

test('a value is loaded once, for any caller at any time', async () => {
  let loads = 0
  const get = once(async () => ++loads)
  expect([...(await Promise.all([get(), get()])), await get()]).toEqual([1, 1, 1])
})

test('what failed is told to all who waited, and tried again by the next', async () => {
  let loads = 0
  const get = once(async () => {
    if (++loads === 1) throw new Error('too many open files')
    return loads
  })
  const failed = (error: Error) => error.message
  expect(await Promise.all([get().catch(failed), get().catch(failed)])).toEqual(Array(2).fill('too many open files'))
  expect([await get(), await get()]).toEqual([2, 2])
})

import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { SingleFlight } from '../../../src/base/process/async.ts'

describe('work that was left (I4)', () => {
  test('holds nothing on the signal of a caller who had its result, however long that lives', async () => {
    const flights = new SingleFlight<number>()
    const { signal } = new AbortController()
    for (let index = 0; index < 20; index++) await flights.run('k', async () => index, signal)
    await expect.poll(() => getEventListeners(signal, 'abort')).toEqual([])
  })

  test('a caller that left before it asked begins nothing', async () => {
    const flights = new SingleFlight<string>()
    let runs = 0
    const gone = AbortSignal.abort(new Error('gone'))
    const asked = flights.run(
      'k',
      async () => {
        runs++
        return 'done'
      },
      gone,
    )
    await expect(asked).rejects.toThrow('gone')
    expect(runs).toBe(0)
  })

  test('ends without taking the work that took its place with it', async () => {
    const flights = new SingleFlight<string>()
    const first = Promise.withResolvers<string>()
    const second = Promise.withResolvers<string>()
    let runs = 0
    const work = () => (++runs === 1 ? first.promise : second.promise)
    const leaving = new AbortController()
    const left = flights.run('k', work, leaving.signal)
    await Promise.resolve()
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')

    const one = flights.run('k', work)
    first.resolve('too late')
    await new Promise((resolve) => setTimeout(resolve, 1))
    const other = flights.run('k', work)
    second.resolve('in time')
    expect(await Promise.all([one, other])).toEqual(['in time', 'in time'])
    expect(runs).toBe(2)
  })
})

import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SingleFlight } from '../../../src/base/process/async.ts'

const tick = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('single flight', () => {
  test(verifies('I4', 'a hundred callers, one piece of work'), async () => {
    const flights = new SingleFlight<number>()
    let runs = 0
    const work = async () => {
      await tick()
      return ++runs
    }
    expect(await Promise.all(Array.from({ length: 100 }, () => flights.run('k', work)))).toEqual(Array(100).fill(1))
    expect(await flights.run('k', work)).toBe(2)
  })

  test(verifies('I4', 'a caller that aborts ends the work of no other caller'), async () => {
    const flights = new SingleFlight<string>()
    let inner: AbortSignal | undefined
    const work = async (signal: AbortSignal) => {
      inner = signal
      await tick()
      return 'done'
    }
    const controller = new AbortController()
    const leaving = flights.run('k', work, controller.signal)
    const staying = flights.run('k', work, new AbortController().signal)
    controller.abort(new Error('mine'))
    await expect(leaving).rejects.toThrow('mine')
    expect(await staying).toBe('done')
    expect(inner?.aborted).toBe(true) // Only after the last caller, after the end.
  })

  test('the work is aborted when the last caller leaves, and the next caller begins again', async () => {
    const flights = new SingleFlight<string>()
    const signals: AbortSignal[] = []
    const work = (signal: AbortSignal) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise<string>(() => {}) : Promise.resolve('second')
    }
    const [first, second] = [new AbortController(), new AbortController()]
    const both = [flights.run('k', work, first.signal), flights.run('k', work, second.signal)]
    await tick()
    first.abort()
    expect(signals[0]?.aborted).toBe(false)
    second.abort()
    await Promise.allSettled(both)
    expect(signals[0]?.aborted).toBe(true)
    expect(await flights.run('k', work)).toBe('second')
  })

  test(
    verifies('I4', 'work that never settles is joined for 30 seconds, and then the next caller starts it again'),
    async () => {
      vi.useFakeTimers({ toFake: ['performance'] })
      onTestFinished(() => void vi.useRealTimers())
      const flights = new SingleFlight<string>()
      let runs = 0
      const work = () => (++runs === 1 ? new Promise<string>(() => {}) : Promise.resolve('second'))
      void flights.run('k', work)
      vi.advanceTimersByTime(29_999)
      void flights.run('k', work)
      await tick()
      expect(runs).toBe(1)
      vi.advanceTimersByTime(1)
      expect(await flights.run('k', work)).toBe('second')
    },
  )

  test('a failure reaches all who wait, and is not kept', async () => {
    const flights = new SingleFlight<string>()
    const failing = () => Promise.reject(new Error('down'))
    const results = await Promise.allSettled([flights.run('k', failing), flights.run('k', failing)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await flights.run('k', async () => 'up')).toBe('up')
  })
})

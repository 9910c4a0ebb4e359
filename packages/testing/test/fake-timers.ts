import { afterEach, beforeEach, vi } from 'vitest'

/** Fake timers for each test of a file, of the three kinds that polling needs. */
export function fakeTimers(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/** Lets time pass, nothing else. */
export function seconds(count: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(count * 1000)
}

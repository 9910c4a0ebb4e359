import { afterEach, beforeEach, onTestFinished, vi } from 'vitest'

/** Deadlines of the tests in a file pass when the test says so, and by no clock: a busy machine is late for short ones. */
export function timeStandsStill(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())
}

/** The same for the test that runs. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

/** What never settles, and a promise that says when it was first asked. */
export function stuckPlace() {
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  const never = () => {
    resolve()
    return new Promise<never>(() => {})
  }
  return { never, reached }
}

/**
 * Lets what is under way go on without a timer: for what must not happen. What has to happen is waited for by itself, since
 * hashes and signatures take longer on a busy machine.
 */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass until the promise settles. */
export async function passingTime<Result>(work: Promise<Result>): Promise<Result> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  work.then(over, over)
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(10)
  }
  return work
}

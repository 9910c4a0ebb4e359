import type { Random } from './random.ts'
import { syncCrypto, WorldKey } from './sync-crypto.ts'

/** What a simulated process has instead of the machine's clock, timers, randomness and network. */
export interface Surroundings {
  /** The clock of the process, epoch milliseconds. */
  readonly now: () => number
  /** Time that only goes on, milliseconds. */
  readonly elapsed: () => number
  readonly random: Random
  readonly setTimer: (work: () => void, milliseconds: number) => number
  readonly clearTimer: (timer: number) => void
  readonly fetch: typeof globalThis.fetch
}

/** The names that the bundle finds in place of the real ones. */
export type Globals = Readonly<Record<string, unknown>>

class Timer {
  readonly number: number
  constructor(number: number) {
    this.number = number
  }
  unref(): this {
    return this
  }
  ref(): this {
    return this
  }
}

export function globalsOf({ now, elapsed, random, setTimer, clearTimer, fetch }: Surroundings): Globals {
  class WorldDate extends Date {
    constructor(...given: readonly unknown[]) {
      if (given.length === 0) super(now())
      else super(...(given as [number]))
    }
    static override now(): number {
      return Math.floor(now())
    }
  }
  const repeat = (work: () => void, milliseconds: number): Timer => {
    const timer = new Timer(0)
    const again = () => {
      Object.assign(timer, { number: setTimer(beat, milliseconds) })
    }
    const beat = () => {
      again()
      work()
    }
    again()
    return timer
  }
  const clear = (timer: unknown) => {
    if (timer instanceof Timer) clearTimer(timer.number)
  }
  const signals = new Proxy(AbortSignal, {
    get: (target, name) => (name === 'timeout' ? timeout : Reflect.get(target, name)),
  })
  const timeout = (milliseconds: number): AbortSignal => {
    const ending = new AbortController()
    setTimer(() => ending.abort(new DOMException('the time is over', 'TimeoutError')), milliseconds)
    return ending.signal
  }
  const globals = {
    Date: WorldDate,
    performance: { now: elapsed },
    Math: Object.defineProperties(Object.create(Math), { random: { value: random.next } }),
    setTimeout: (work: (...given: unknown[]) => void, milliseconds = 0, ...given: unknown[]) =>
      new Timer(setTimer(() => work(...given), milliseconds)),
    setImmediate: (work: () => void) => new Timer(setTimer(work, 0)),
    setInterval: repeat,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    crypto: syncCrypto(random),
    CryptoKey: WorldKey,
    AbortSignal: signals,
    fetch,
  }
  return { ...globals, globalThis: globals }
}

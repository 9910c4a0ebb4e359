import type { Boot, Sdk } from './bundle.ts'
import { type FaultBook, SLOW_SECONDS } from './faults.ts'
import { globalsOf } from './globals.ts'
import type { Handler } from './network.ts'
import { randomOf } from './random.ts'
import { type Operation, type Scheduler, START } from './scheduler.ts'

/** What a process is started with. */
export interface ProcessOptions {
  readonly name: string
  readonly boot: Boot
  readonly scheduler: Scheduler
  readonly faults: FaultBook
  readonly network: Handler
  readonly seed: string
}

/** A process of the app: its own copy of core, clock and randomness. It can be killed at any operation. */
export class SimulatedProcess {
  readonly name: string
  readonly sdk: Sdk
  readonly #scheduler: Scheduler
  readonly #faults: FaultBook
  isAlive = true
  /** How many operations were begun at each time. */
  readonly #atOnce = new Map<number, number>()
  /** How far the clock of this process is ahead. Milliseconds. */
  skewMs = 0

  constructor({ name, boot, scheduler, faults, network, seed }: ProcessOptions) {
    this.name = name
    this.#scheduler = scheduler
    this.#faults = faults
    this.sdk = boot(
      globalsOf({
        now: () => this.now(),
        elapsed: () => scheduler.now - START,
        random: randomOf(`${seed} ${name}`),
        setTimer: (work, milliseconds) => this.#submit({ kind: 'timer', what: '', perform: work }, milliseconds),
        clearTimer: (timer) => scheduler.cancel(timer),
        fetch: (input, init) => this.#fetch(network, new Request(input, init)),
      }),
    )
  }

  /** The clock of this process, epoch milliseconds. */
  now(): number {
    return this.#scheduler.now + this.skewMs
  }

  /** Work that is due after some time, by the clock of the world. */
  after(milliseconds: number, work: () => void): void {
    this.#submit({ kind: 'timer', what: '', perform: work }, milliseconds)
  }

  kill(): void {
    this.isAlive = false
    this.#scheduler.kill(this.name)
  }

  /** Does `work` when the scheduler says so, or fails as the faults say. */
  operation<T>(kind: 'store' | 'http' | 'app', what: string, work: () => T, failure: () => unknown): Promise<T> {
    const fault = this.#faults.take(this.name, kind)
    const begunAt = this.#scheduler.now
    this.#atOnce.set(begunAt, (this.#atOnce.get(begunAt) ?? 0) + 1)
    return new Promise((resolve, reject) => {
      const perform = () => {
        if (fault === 'slow' && this.#atOnce.get(begunAt) !== 1) this.#faults.wasSlow(this.name)
        try {
          if (fault === 'outage') throw failure()
          const result = work()
          if (fault === 'lost') throw failure()
          resolve(result)
        } catch (error) {
          reject(error)
        }
      }
      const told = fault === undefined ? what : `${what} (${fault})`
      const performUnheard = () => {
        try {
          work()
        } catch {
          // The process is no more, and no one hears that it failed.
        }
      }
      this.#submit({ kind, what: told, perform, performUnheard }, fault === 'slow' ? SLOW_SECONDS * 1000 : 0)
    })
  }

  async #fetch(network: Handler, request: Request): Promise<Response> {
    const body = await request.text()
    request.signal.throwIfAborted()
    const { url, method, headers } = request
    const answer = this.operation(
      'http',
      `${method} ${new URL(url).host}${new URL(url).pathname}`,
      () => network({ url: new URL(url), method, headers, body, process: this.name }),
      () => new TypeError('fetch failed'),
    )
    const aborted = new Promise<never>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true })
    })
    return Promise.race([answer, aborted])
  }

  #submit(operation: Omit<Operation, 'process'>, delayMs = 0): number {
    return this.isAlive ? this.#scheduler.submit({ ...operation, process: this.name }, delayMs) : 0
  }
}

import type { Random } from './random.ts'

/** Something that a simulated process waits for, and that happens when the scheduler says so. */
export interface Operation {
  readonly process: string
  readonly kind: 'store' | 'http' | 'timer' | 'app'
  /** For the log. */
  readonly what: string
  /** Carries it out, and lets the process go on. */
  readonly perform: () => void
  /** Performs it without a response: the process was killed, or the answer was lost. */
  readonly performUnheard?: () => void
}

interface Pending extends Operation {
  readonly number: number
  /** True time in milliseconds, from which on it may happen. */
  readonly at: number
  /** No call waits for it: a renewal, a deadline. */
  readonly isTimer: boolean
}

/** When every sequence begins. Epoch milliseconds. */
export const START = 1_800_000_000_000

/** What one step costs in true time, milliseconds. */
const STEP_MS = 2

/**
 * Owns all that happens: every store operation, HTTP answer and timer of every process is performed here, one at a time,
 * in an order that the seed decides. Between two of them, all promises settle.
 */
export class Scheduler {
  readonly #random: Random
  readonly #log: (line: string) => void
  #pending: Pending[] = []
  #number = 0
  /** Processes that stand still, and until when. */
  readonly #still = new Map<string, number>()
  /** True time. No process sees it: each has a clock of its own. Epoch milliseconds. */
  now = START

  constructor(random: Random, log: (line: string) => void) {
    this.#random = random
    this.#log = log
  }

  /** @returns the number by which {@link cancel} finds it. */
  submit(operation: Operation, delayMs = 0, isTimer = false): number {
    const number = ++this.#number
    this.#pending.push({ ...operation, number, at: this.now + delayMs, isTimer })
    return number
  }

  cancel(number: number): void {
    const at = this.#pending.findIndex((pending) => pending.number === number)
    if (at >= 0) this.#pending.splice(at, 1)
  }

  /** Ends a process: its pending operations get no response. One of them may still be performed. */
  kill(process: string): void {
    const [first] = this.#due().filter((pending) => pending.process === process && pending.performUnheard)
    if (first !== undefined && this.#random.oneIn(2)) {
      this.#log(`${process} dies, and its last ${first.kind} operation is carried out: ${first.what}`)
      first.performUnheard?.()
    }
    this.#pending = this.#pending.filter((pending) => pending.process !== process)
  }

  /** The whole process stands still: its machine is suspended, or collects garbage. */
  stall(process: string, milliseconds: number): void {
    this.#still.set(process, this.now + milliseconds)
  }

  #dueAt({ at, process }: Pending): number {
    return Math.max(at, this.#still.get(process) ?? 0)
  }

  /** One operation, of those that are due. @returns false if no operation is due. */
  async step(): Promise<boolean> {
    await quiet()
    const due = this.#due()
    if (due.length === 0) return false
    const chosen = due.length === 1 ? (due[0] as Pending) : this.#random.pick(due)
    this.cancel(chosen.number)
    this.now += STEP_MS
    if (chosen.kind !== 'timer') this.#log(`${chosen.process} ${chosen.kind} ${chosen.what}`)
    chosen.perform()
    return true
  }

  /** Steps until `isDone`, and lets time pass where nothing is due, for `patienceMs` at most. */
  async run(isDone: () => boolean, patienceMs: number): Promise<void> {
    const until = this.now + patienceMs
    for (;;) {
      await quiet()
      if (isDone()) return
      if (await this.step()) continue
      const next = this.#pending.reduce((first, each) => Math.min(first, this.#dueAt(each)), Number.POSITIVE_INFINITY)
      if (next > until) return
      this.now = Math.max(this.now, next)
    }
  }

  /** Lets time pass, and all happen that falls due meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds
    await this.run(() => false, milliseconds)
    this.now = Math.max(this.now, end)
  }

  /** In an order that does not depend on how promises settled. */
  #due(): Pending[] {
    return this.#pending
      .filter((each) => this.#dueAt(each) <= this.now)
      .sort((a, b) => compare(a.process, b.process) || compare(a.kind, b.kind) || a.number - b.number)
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Every promise has settled once the event loop turns: nothing of a process waits for anything but the scheduler. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

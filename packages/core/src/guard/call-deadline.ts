import { Deadline } from './deadline.ts'

/** The caller's abort and the total time of one call. A warm call needs no timer, so it is made at the first use. */
export class CallDeadline {
  readonly #timeoutMs: number
  readonly #caller: AbortSignal | undefined
  #deadline: Deadline | undefined
  #isEnded = false
  #worksDuringBody = 0

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs
    this.#caller = caller
  }

  get signal(): AbortSignal {
    return this.#current.signal
  }

  /** Settles as `work` does, or rejects at once when the deadline passes or the caller aborts. */
  bound<Result>(work: Promise<Result>): Promise<Result> {
    return this.#current.bound(work)
  }

  /** Stops the clock while the call waits for a person. */
  pause(): void {
    this.#current.pause()
  }

  /** Gives the whole time again after a person was waited for. */
  restart(): void {
    this.#current.start()
  }

  /** Runs work of the guard while the body runs, within a deadline of its own. It ends with the last of such works. */
  async duringBody<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isEnded) this.#deadline = undefined
    this.#isEnded = false
    this.#worksDuringBody++
    this.#current.start()
    try {
      return await work()
    } finally {
      if (--this.#worksDuringBody === 0) this.end()
    }
  }

  /** Ends the time of what comes before the body, and removes the listener from the caller's signal. */
  end(): void {
    this.#deadline?.end()
    this.#isEnded = true
  }

  get #current(): Deadline {
    this.#deadline ??= new Deadline(this.#timeoutMs, this.#caller)
    return this.#deadline
  }
}

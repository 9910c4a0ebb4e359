import { orAborted } from '../../base/process/async.ts'

/**
 * One deadline for the steps before a body: their total time, and the caller's abort (E2).
 *
 * A store, a sink, a checker or a schema may never settle, and may ignore its signal. A promise that is bound to the
 * deadline still rejects at once.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  readonly #caller: AbortSignal | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #isAwaited = false
  #startedAt = 0

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs
    this.#caller = caller
    if (caller?.aborted === true) this.#controller.abort(caller.reason)
    else caller?.addEventListener('abort', this.#onAbort, { once: true })
    this.start()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get leftMs(): number {
    return this.#startedAt + this.#timeoutMs - performance.now()
  }

  /** Counts from now. */
  start(): void {
    clearTimeout(this.#timer)
    this.#startedAt = performance.now()
    const passed = () => this.#controller.abort(new DOMException('the total deadline passed', 'TimeoutError'))
    this.#timer = setTimeout(passed, this.#timeoutMs)
    // On Node, a deadline keeps a process alive only while a caller waits for it.
    if (!this.#isAwaited && typeof this.#timer === 'object') this.#timer.unref?.()
  }

  /** Stops the clock while a person is awaited. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** Ends the deadline: it no longer limits anything. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#onAbort)
  }

  /** Settles as `work` does, or rejects with the signal's reason as soon as the deadline ends. */
  bound<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this
    this.#isAwaited = true
    if (typeof this.#timer === 'object') this.#timer.ref?.()
    return orAborted(work, signal)
  }

  readonly #onAbort = () => this.#controller.abort(this.#caller?.reason)
}

/** The caller's abort and the total time of one call. Created at first use, because a warm call needs no timer. */
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

  /** Time until the deadline passes, in milliseconds. */
  get leftMs(): number {
    return this.#current.leftMs
  }

  /** Settles as `work` does, or rejects at once when the deadline passes or the caller aborts. */
  bound<Result>(work: Promise<Result>): Promise<Result> {
    return this.#current.bound(work)
  }

  /** Stops the clock while the call waits for a person. */
  pause(): void {
    this.#current.pause()
  }

  /** Restarts the deadline after a wait for a person. */
  restart(): void {
    this.#current.start()
  }

  /** Runs work of the guard while the body runs, within its own deadline. The deadline ends with the last work. */
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

  /** Ends the deadline of the steps before the body, and removes the listener from the caller's signal. */
  end(): void {
    this.#deadline?.end()
    this.#isEnded = true
  }

  get #current(): Deadline {
    this.#deadline ??= new Deadline(this.#timeoutMs, this.#caller)
    return this.#deadline
  }
}

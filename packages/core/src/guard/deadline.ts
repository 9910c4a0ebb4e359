import { orAborted } from '../lib/index.ts'

/**
 * The total time of what comes before a body, and the caller's abort, in one (E2).
 *
 * A store, a sink, a checker or a schema may never settle, and may ignore the signal that it gets: what is
 * bound here rejects at once all the same.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  readonly #caller: AbortSignal | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #isAwaited = false

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

  /** Counts from now. */
  start(): void {
    clearTimeout(this.#timer)
    const passed = () => this.#controller.abort(new DOMException('the total deadline passed', 'TimeoutError'))
    this.#timer = setTimeout(passed, this.#timeoutMs)
    // On Node, a deadline keeps a process alive only while somebody waits for it.
    if (!this.#isAwaited && typeof this.#timer === 'object') this.#timer.unref?.()
  }

  /** A person is waited for: the time of machines stands still. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** Nothing is bound by it any more. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#onAbort)
  }

  /** Ends as `work` does, or rejects with the signal's reason as soon as it is over. */
  bound<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this
    this.#isAwaited = true
    if (typeof this.#timer === 'object') this.#timer.ref?.()
    return orAborted(work, signal)
  }

  readonly #onAbort = () => this.#controller.abort(this.#caller?.reason)
}

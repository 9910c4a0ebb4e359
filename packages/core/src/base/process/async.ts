interface Flight<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiting: number
}

/**
 * Runs identical work once while it is in flight (I4).
 *
 * One caller's abort rejects only that caller. The work itself is aborted when no caller waits for it.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** Joins the work under `key`, or starts it. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#start(key, work)
    flight.waiting++
    const result = signal === undefined ? flight.result : orAborted(flight.result, signal)
    return result.finally(() => this.#leave(key, flight))
  }

  /** Lets later callers start the work under `key` again. Callers that wait keep theirs. */
  forget(key: string): void {
    this.#flights.delete(key)
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const result = Promise.resolve()
      .then(() => work(controller.signal))
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      })
    result.catch(() => {}) // Callers that still wait get the rejection. Without callers, it must not count as unhandled.
    const flight: Flight<T> = { result, controller, waiting: 0 }
    this.#flights.set(key, flight)
    return flight
  }

  #leave(key: string, flight: Flight<T>): void {
    flight.waiting--
    if (flight.waiting > 0) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    flight.controller.abort(new DOMException('no caller waits for this work', 'AbortError'))
  }
}

/**
 * Loads at the first call, once for all callers. The next call retries a failure: file handles may run out for a
 * moment.
 */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  const again = (error: unknown): never => {
    loaded = undefined
    throw error
  }
  return () => (loaded ??= load().catch(again))
}

/** Settles as `work` does, or rejects with the signal's reason on abort, even if `work` ignores the signal. */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/**
 * Waits for a time, or until the signal aborts.
 *
 * @throws The signal's own reason.
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A value, or a promise of one if it must be waited for. */
export type Eventually<Value> = Value | Promise<Value>

/** Avoids a promise: most calls do not wait before their body. */
export const whenKnown = <Value, Next>(
  value: Eventually<Value>,
  use: (value: Value) => Eventually<Next>,
): Eventually<Next> => (value instanceof Promise ? value.then(use) : use(value))

/** Name of the method by which Node's `console.log` prints an object. */
export const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** Returns whether a deadline or a timer ended the work, and not the caller. */
export const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError'

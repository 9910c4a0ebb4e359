/** Age from which work is no longer joined, in milliseconds. */
const JOIN_MS = 30_000

interface Flight<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  readonly startedAt: number
  waiting: number
}

/**
 * Work under way, by name, that other callers in this process join or wait for.
 *
 * Stays empty on Workers. There a request's work ends with the request, and no code of it runs afterwards: an entry
 * would stay for ever, and a promise that another request waits for would never settle.
 */
export class OpenWork<Value> extends Map<string, Value> {
  override set(key: string, value: Value): this {
    return 'WebSocketPair' in globalThis ? this : super.set(key, value)
  }
}

/**
 * Runs identical work once while it is in flight (I4).
 *
 * One caller's abort rejects only that caller. The work itself is aborted when no caller waits for it. Work may never
 * settle, as at a store that hangs: it is joined only for a time, and the next caller starts it again.
 */
export class SingleFlight<T> {
  readonly #flights = new OpenWork<Flight<T>>()

  /** Joins the work under `key`, or starts it. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const last = this.#flights.get(key)
    const isJoined = last !== undefined && performance.now() - last.startedAt < JOIN_MS
    const flight = isJoined ? last : this.#start(key, work)
    flight.waiting++
    return orAborted(flight.result, signal).finally(() => {
      if (--flight.waiting > 0) return
      this.#end(key, flight)
      flight.controller.abort(new DOMException('no caller waits for this work', 'AbortError'))
    })
  }

  /** Lets later callers start the work under `key` again. Callers that wait keep theirs. */
  forget(key: string): void {
    this.#flights.delete(key)
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const result = Promise.resolve()
      .then(() => work(controller.signal))
      .finally(() => this.#end(key, flight))
    result.catch(() => {}) // Callers that still wait get the rejection. Without callers, it must not count as unhandled.
    const flight: Flight<T> = { result, controller, startedAt: performance.now(), waiting: 0 }
    this.#flights.set(key, flight)
    return flight
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
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
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work
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
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  return orAborted(over, signal).finally(() => clearTimeout(timer))
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

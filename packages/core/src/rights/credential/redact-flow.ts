import { redactError } from './redact-error.ts'
import { PieceRedactor } from './redact-pieces.ts'
import type { Token } from './token.ts'

/** Parts of the call that the redaction of a streamed result needs. */
export interface RedactionSurroundings {
  /** Returns the tokens to redact. Called for each piece, because a credential may have got a fresh token meanwhile. */
  readonly tokens: () => readonly Token[]
  /** Runs a step of the source in the context of its call. */
  readonly enter: <Result>(step: () => Result) => Result
  /** Called once, with the end of a streamed result. The last step of the result waits for it. Never rejects. */
  readonly onEnd: (end: FlowEnd) => Promise<void>
  /** The caller's signal. Its abort ends the stream, even if the stream no longer has a reader. */
  readonly signal?: AbortSignal | undefined
}

/** End of a streamed result. A stream has no `value`; a generator's value is what it returned, redacted. */
export type FlowEnd =
  | { readonly status: 'ended'; readonly value?: unknown }
  | { readonly status: 'given_up' }
  | { readonly status: 'threw'; readonly error: unknown }

/** A result that is read piece by piece. Its call lasts until `onEnd`. */
export type Flow = ReadableStream<unknown> | AsyncGenerator<unknown, unknown, unknown>

export function isFlow(result: unknown): result is Flow {
  // Most results are text, and this test excludes text at once.
  if (typeof result !== 'object' || result === null) return false
  return result instanceof ReadableStream || Object.prototype.toString.call(result) === '[object AsyncGenerator]'
}

/**
 * Replaces verbatim tokens in a `ReadableStream` or an async generator as they are read (E4).
 *
 * Covers text and bytes, even if a token is cut in two; plain values, each by itself; and thrown errors. Does not cover
 * encodings or other class instances, such as a `Response`.
 */
export function redactFlow(flow: Flow, surroundings: RedactionSurroundings): Flow {
  return flow instanceof ReadableStream ? redactedStream(flow, surroundings) : new RedactedGenerator(flow, surroundings)
}

function redactedStream(source: ReadableStream<unknown>, surroundings: RedactionSurroundings): ReadableStream<unknown> {
  const { tokens, signal } = surroundings
  const end = new End(surroundings)
  const pieces = new PieceRedactor(tokens)
  const reader = source.getReader()
  let isGivenUp = false
  const giveUp = async (reason: unknown): Promise<void> => {
    // A pending read ends with the source, which does not make it a complete result.
    isGivenUp = true
    try {
      await surroundings.enter(() => reader.cancel(reason))
    } catch (error) {
      throw redactError(error, tokens())
    } finally {
      await end.tell({ status: 'given_up' })
    }
  }
  /** Passes one piece on. @returns whether any output resulted */
  const pass = async (controller: ReadableStreamDefaultController<unknown>): Promise<boolean> => {
    const { done, value } = await surroundings.enter(() => reader.read())
    if (isGivenUp) return true
    const out = done ? pieces.end() : pieces.push(value)
    for (const piece of out) controller.enqueue(piece)
    if (!done) return out.length > 0
    await end.tell({ status: 'ended' })
    controller.close()
    return true
  }
  return new ReadableStream<unknown>(
    {
      start(controller) {
        end.onAbort(signal, (reason) => {
          controller.error(redactError(reason, tokens()))
          return giveUp(reason)
        })
      },
      async pull(controller) {
        try {
          while (!(await pass(controller)));
        } catch (error) {
          await end.tell({ status: 'threw', error })
          throw redactError(error, tokens())
        }
      },
      cancel: giveUp,
    },
    // Reads nothing before the consumer asks for it.
    { highWaterMark: 0 },
  )
}

type Step = IteratorResult<unknown, unknown>

/**
 * An object with the methods of a generator. A real generator that was never started would not be notified of its
 * `return`.
 */
class RedactedGenerator implements AsyncGenerator<unknown, unknown, unknown> {
  readonly #source: AsyncGenerator<unknown, unknown, unknown>
  readonly #surroundings: RedactionSurroundings
  readonly #pieces: PieceRedactor
  readonly #ready: Step[] = []
  readonly #end: End
  #cutOff: { readonly reason: unknown } | undefined
  /** Steps in order, as a generator's own queue has them. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(source: AsyncGenerator<unknown, unknown, unknown>, surroundings: RedactionSurroundings) {
    this.#source = source
    this.#surroundings = surroundings
    this.#pieces = new PieceRedactor(surroundings.tokens)
    this.#end = new End(surroundings)
    this.#end.onAbort(surroundings.signal, (reason) => this.#giveUp(reason))
  }

  next(value?: unknown): Promise<Step> {
    return this.#step(() =>
      this.#cutOff === undefined ? this.#source.next(value) : Promise.reject(this.#cutOff.reason),
    )
  }

  return(value?: unknown): Promise<Step> {
    return this.#step(() => this.#source.return(value), true)
  }

  throw(error?: unknown): Promise<Step> {
    return this.#step(() => this.#source.throw(error))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Name that identifies async generators: to the guard of a call whose body returns this one, and to frameworks. */
  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** Waits for a pending step: its body was notified of the abort, and may decide how it ends. */
  #giveUp(reason: unknown): Promise<void> {
    const givingUp = this.#last.then(async () => {
      if (this.#end.isTold) return
      this.#cutOff = { reason }
      this.#ready.length = 0
      try {
        await this.#surroundings.enter(() => this.#source.return(undefined))
        await this.#end.tell({ status: 'given_up' })
      } catch (error) {
        await this.#end.tell({ status: 'threw', error })
      }
    })
    this.#last = givingUp
    return givingUp
  }

  #step(advance: () => Promise<Step>, givenUp = false): Promise<Step> {
    const step = this.#last.then(() => this.#advance(advance, givenUp))
    this.#last = step.catch(() => {})
    return step
  }

  async #advance(advance: () => Promise<Step>, givenUp: boolean): Promise<Step> {
    if (givenUp) this.#ready.length = 0
    try {
      for (;;) {
        const ready = this.#ready.shift()
        if (ready !== undefined) return ready
        await this.#take(await this.#surroundings.enter(advance), givenUp)
      }
    } catch (error) {
      await this.#end.tell({ status: 'threw', error })
      throw redactError(error, this.#surroundings.tokens())
    }
  }

  async #take({ done, value }: Step, givenUp: boolean): Promise<void> {
    const pieces = done ? this.#pieces.end() : this.#pieces.push(value)
    if (!(done && givenUp)) for (const piece of pieces) this.#ready.push({ done: false, value: piece })
    if (!done) return
    const returned = this.#pieces.value(value)
    await this.#end.tell(givenUp ? { status: 'given_up' } : { status: 'ended', value: returned })
    this.#ready.push({ done: true, value: returned })
  }
}

/** The end of a stream. It is reported once, and leaves no listener. */
class End {
  readonly #onEnd: RedactionSurroundings['onEnd']
  #told: Promise<void> | undefined
  #stopListening = () => {}

  constructor({ onEnd }: RedactionSurroundings) {
    this.#onEnd = onEnd
  }

  get isTold(): boolean {
    return this.#told !== undefined
  }

  tell(end: FlowEnd): Promise<void> {
    this.#stopListening()
    this.#told ??= this.#onEnd(end)
    return this.#told
  }

  /** @param giveUp - The caller that aborted does not get its errors. */
  onAbort(signal: AbortSignal | undefined, giveUp: (reason: unknown) => Promise<void>): void {
    if (signal === undefined) return
    const aborted = () => void giveUp(signal.reason).catch(() => {})
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', aborted)
  }
}

import type { Token } from '../token.ts'
import { redactError } from './redact-error.ts'
import { createTextRedactor, type TextRedactor } from './redact-text.ts'
import { redactTokens } from './redact-tokens.ts'

type Kind = 'text' | 'bytes'

/**
 * Redacts the values of a stream or generator, piece by piece: strings and bytes together with their neighbours, plain
 * values each by itself (E4).
 */
class PieceRedactor {
  readonly #tokens: () => readonly Token[]
  readonly #redactor: TextRedactor
  #kind: Kind = 'text'

  constructor(tokens: () => readonly Token[]) {
    this.#tokens = tokens
    this.#redactor = createTextRedactor(tokens)
  }

  /** Takes a piece, and returns the pieces that can now be released, in order. */
  push(piece: unknown): readonly unknown[] {
    if (typeof piece === 'string') return this.#flow('text', piece)
    if (piece instanceof Uint8Array) return this.#flow('bytes', textOf(piece))
    return [...this.end(), redactTokens(piece, this.#tokens())]
  }

  /** Returns the pieces that were held back. */
  end(): readonly unknown[] {
    return this.#given(this.#redactor.end())
  }

  /** Redacts a single value: an end, or a piece out of order. */
  value(value: unknown): unknown {
    return redactTokens(value, this.#tokens())
  }

  #flow(kind: Kind, text: string): readonly unknown[] {
    const before = kind === this.#kind ? [] : this.end()
    this.#kind = kind
    return [...before, ...this.#given(this.#redactor.push(text))]
  }

  #given(text: string): readonly unknown[] {
    if (text === '') return []
    return [this.#kind === 'text' ? text : bytesOf(text)]
  }
}

const BLOCK = 8192

/** Maps each byte to one character, so that any bytes are unchanged afterwards. Tokens are ASCII. */
function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += BLOCK) text += String.fromCharCode(...bytes.subarray(at, at + BLOCK))
  return text
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Parts of the call that the redaction of a streamed result needs. */
export interface RedactionSurroundings {
  /** Returns the tokens to redact. Called for each piece, because a credential may have got a fresh token meanwhile. */
  readonly tokens: () => readonly Token[]
  /** Runs a step of the source in the context of its call. */
  readonly enter: <Result>(step: () => Result) => Result
  /**
   * Called once, with the end of a streamed result. The last step of the result waits for it. Never rejects.
   * @returns whether the reader gets the last step. If not, it gets the reason of the signal.
   */
  readonly onEnd: (end: FlowEnd) => Promise<boolean>
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

/**
 * Returns whether a result is a flow. Its methods tell an async generator, because a compiler may have made it.
 *
 * @throws TypeError The result would be read after its call too, but it cannot be held: a synchronous reader does not wait
 *   for the end of a run, and the reader of a class, such as a Node.js stream, expects its methods.
 */
export function isFlow(result: unknown): result is Flow {
  // Most results are text, and this test excludes text at once.
  if (typeof result !== 'object' || result === null) return false
  if (result instanceof ReadableStream) return true
  const isAsync = Symbol.asyncIterator in result
  if (!isAsync && !(Symbol.iterator in result)) return false
  // A collection has no `next`, and only a generator takes errors.
  const { next, throw: fail } = result as Partial<AsyncGenerator>
  if (typeof next === 'function' ? isAsync && typeof fail === 'function' : !isAsync) return isAsync
  throw new TypeError(
    'the body returned an iterator or a Node.js stream, which is read after its call: return an array, an async generator or Readable.toWeb(stream)',
  )
}

/**
 * Replaces verbatim tokens in a `ReadableStream` or an async generator as they are read (E4).
 *
 * Covers text and bytes, even if a token is cut in two; plain values, each by itself; and thrown errors. Does not cover
 * encodings or other class instances, such as a `Response`.
 */
export function redactFlow(flow: Flow, surroundings: RedactionSurroundings): Flow {
  if (!(flow instanceof ReadableStream)) return new RedactedGenerator(flow, surroundings)
  const reader = flow.getReader()
  // Has no `throw`: the consumer of a stream cannot throw into it.
  const source = { next: () => reader.read(), return: (reason: unknown) => reader.cancel(reason) } as never
  let steps: RedactedGenerator
  return new ReadableStream<unknown>(
    {
      start(controller) {
        steps = new RedactedGenerator(source, surroundings, controller)
      },
      async pull(controller) {
        const { done, value } = await steps.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => steps.giveUp(reason),
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
  /** The stream that gives the steps, if it is not a generator. */
  readonly #stream: ReadableStreamDefaultController | undefined
  #cutOff: { readonly reason: unknown } | undefined
  /** Steps in order, as a generator's own queue has them. */
  #last: Promise<unknown> = Promise.resolve()
  #told: Promise<boolean> | undefined
  readonly #stopListening: () => void

  constructor(
    source: AsyncGenerator<unknown, unknown, unknown>,
    surroundings: RedactionSurroundings,
    stream?: ReadableStreamDefaultController,
  ) {
    this.#source = source
    this.#surroundings = surroundings
    this.#stream = stream
    this.#pieces = new PieceRedactor(surroundings.tokens)
    const { signal } = surroundings
    // The caller that aborted does not get its errors.
    const aborted = () => void this.giveUp(signal?.reason).catch(() => {})
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
    this.#stopListening = () => signal?.removeEventListener('abort', aborted)
  }

  next(value?: unknown): Promise<Step> {
    return this.#step(() => (this.#cutOff ? Promise.reject(this.#cutOff.reason) : this.#source.next(value)))
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /**
   * Ends the source early. Waits for a pending step of a generator: its body was notified of the abort, and may decide
   * how it ends. A pending read of a stream ends with the stream, which does not make it a complete result.
   */
  giveUp(reason: unknown): Promise<void> {
    const givingUp = (this.#stream ? Promise.resolve() : this.#last).then(async () => {
      if (this.#told) return
      this.#cutOff = { reason }
      this.#ready.length = 0
      this.#stream?.error(redactError(reason, this.#surroundings.tokens()))
      try {
        await this.#surroundings.enter(() => this.#source.return(reason))
        await this.#tell({ status: 'given_up' })
      } catch (error) {
        await this.#tell({ status: 'threw', error })
        throw redactError(error, this.#surroundings.tokens())
      }
    })
    this.#last = givingUp.catch(() => {})
    return givingUp
  }

  /** Reports the end once, and leaves no listener. */
  #tell(end: FlowEnd): Promise<boolean> {
    this.#stopListening()
    this.#told ??= this.#surroundings.onEnd(end)
    return this.#told
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
        const step = await this.#surroundings.enter(advance)
        if (this.#cutOff && !givenUp) throw this.#cutOff.reason
        await this.#take(step, givenUp)
      }
    } catch (error) {
      if (!this.#cutOff) await this.#tell({ status: 'threw', error })
      throw redactError(error, this.#surroundings.tokens())
    }
  }

  async #take({ done, value }: Step, givenUp: boolean): Promise<void> {
    const pieces = done ? this.#pieces.end() : this.#pieces.push(value)
    if (!(done && givenUp)) for (const piece of pieces) this.#ready.push({ done: false, value: piece })
    if (!done) return
    const returned = this.#pieces.value(value)
    const result = this.#stream ? {} : { value: returned }
    const isGiven = await this.#tell(givenUp ? { status: 'given_up' } : { status: 'ended', ...result })
    if (!isGiven && !givenUp) {
      this.#ready.length = 0
      throw this.#surroundings.signal?.reason
    }
    this.#ready.push({ done: true, value: returned })
  }
}

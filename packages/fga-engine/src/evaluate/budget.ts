import { FgaError } from '../errors/index.ts'

/**
 * Maximum number of relations that one check may resolve. A question that needs more is refused, like one that is too
 * deep.
 */
const MAX_STEPS = 100_000

/** Time for which an evaluation runs before it yields to other work of the process, in milliseconds. */
const TURN_MS = 20

/** Budget of a question: steps for each check, and time for the whole question. */
export class Budget {
  readonly #endsAt: number
  #turnEndsAt: number
  #steps = 0

  constructor(timeoutMs: number) {
    const now = performance.now()
    this.#endsAt = now + timeoutMs
    this.#turnEndsAt = now + TURN_MS
  }

  /** Begins a check. A list is many checks, with the time of one question. */
  begin(): void {
    this.#steps = 0
  }

  /**
   * Counts one more step.
   * @returns A promise to wait for, if other work is due.
   * @throws FgaError The check has no steps left, or the question no time.
   */
  step(): Promise<void> | undefined {
    this.#steps++
    if (this.#steps > MAX_STEPS) throw tooComplex()
    return this.turn()
  }

  /**
   * Allows work that is no step, such as one tuple of many.
   * @returns A promise to wait for, if other work is due.
   * @throws FgaError The question has no time left.
   */
  turn(): Promise<void> | undefined {
    const now = performance.now()
    if (now >= this.#endsAt) throw timedOut()
    if (now < this.#turnEndsAt) return undefined
    return new Promise((resolve) => {
      setTimeout(() => {
        this.#turnEndsAt = performance.now() + TURN_MS
        resolve()
      })
    })
  }

  /** Waits for the work of a question no longer than the question may take, whatever its tuple source does. */
  async within<T>(work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const end = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timedOut()), this.#endsAt - performance.now())
    })
    try {
      return await Promise.race([work, end])
    } finally {
      clearTimeout(timer)
    }
  }
}

export const tooComplex = (): FgaError =>
  new FgaError(
    'authorization_model_resolution_too_complex',
    'the question needs more steps than are allowed: look for endless or very deep nesting in model and tuples',
  )

const timedOut = (): FgaError => new FgaError('deadline_exceeded', 'Request Deadline Exceeded')

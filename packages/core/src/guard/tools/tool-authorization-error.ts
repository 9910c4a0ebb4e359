import type { DenyCode, Interrupt, InterruptKind, Outcome } from '../../base/contract/index.ts'
import { interruptSentences } from '../call/refusal.ts'

const brand = Symbol.for('@behalf/core@1/tool-authorization-error')

/** Reason why a tool call gave no result. `tool_failed`: the tool ran, and its own code threw. */
export type ToolAuthorizationCode = DenyCode | InterruptKind | 'unavailable' | 'tool_failed'

/**
 * The only error that a tool guarded by an adapter throws. It is not a fault, so it is no `BehalfError`.
 *
 * Frameworks show `toString()` to the model, and may write all enumerable fields and causes to a browser. Name and
 * message are fixed text, and it has no cause and no enumerable field, so nothing else can leak.
 */
export class ToolAuthorizationError extends Error {
  readonly #code: ToolAuthorizationCode
  readonly #interrupt: Interrupt | undefined

  /** @param interrupt - The action that a person must take, if the code needs one. For the app. */
  constructor(code: ToolAuthorizationCode, safeMessage: string, interrupt?: Interrupt) {
    super(safeMessage)
    this.#code = code
    this.#interrupt = interrupt
    Object.defineProperty(this, brand, { value: true })
  }

  /** Always `ToolAuthorizationError`, also in minified code. */
  override get name(): string {
    return 'ToolAuthorizationError'
  }

  /** Code of the outcome that this error represents. */
  get code(): ToolAuthorizationCode {
    return this.#code
  }

  /** The action that a person must take, for the app. Absent if the code needs no person. */
  get interrupt(): Interrupt | undefined {
    return this.#interrupt
  }

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is ToolAuthorizationError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
  }
}

/** Errors that an adapter made. A body may throw the same class, with its own text. */
const refusals = new WeakSet<object>()

/** Makes the error of an adapter for a call that gave no result. */
export function toolRefusal(...parts: ConstructorParameters<typeof ToolAuthorizationError>): ToolAuthorizationError {
  const error = new ToolAuthorizationError(...parts)
  refusals.add(error)
  return error
}

/** Whether {@link toolRefusal} made an error, so that its text is safe for the model. */
export const isToolRefusal = (error: unknown): error is ToolAuthorizationError => refusals.has(Object(error))

/**
 * Returns code, fixed sentence and interrupt of a call that gave no result: what a model is told, and the parts of a
 * {@link ToolAuthorizationError}.
 */
export function refusalParts(
  outcome: Exclude<Outcome<unknown>, { readonly status: 'done' }>,
): ConstructorParameters<typeof ToolAuthorizationError> {
  if (outcome.status !== 'interrupted')
    return [outcome.status === 'denied' ? outcome.code : outcome.status, outcome.message]
  const { interrupt } = outcome
  return [interrupt.kind, interruptSentences[interrupt.kind], interrupt]
}

import type { DenyCode, InterruptKind } from '@behalf/core'

const brand = Symbol.for('@behalf/ai-sdk@1/error')

/** Why a tool call gave no result. `tool_failed`: it ran, and its own code threw. */
export type ToolAuthorizationCode = DenyCode | InterruptKind | 'unavailable' | 'tool_failed'

/**
 * The one error that a guarded tool throws.
 *
 * The AI SDK shows `toString()` to the model, and may send it to a browser: name and message are fixed
 * text. It holds no cause and nothing enumerable, so there is nothing else to leak.
 */
export class ToolAuthorizationError extends Error {
  readonly #code: ToolAuthorizationCode

  constructor(code: ToolAuthorizationCode, safeMessage: string) {
    super(safeMessage)
    this.#code = code
    Object.defineProperty(this, brand, { value: true })
  }

  override get name(): string {
    return 'ToolAuthorizationError'
  }

  get code(): ToolAuthorizationCode {
    return this.#code
  }

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is ToolAuthorizationError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
  }
}

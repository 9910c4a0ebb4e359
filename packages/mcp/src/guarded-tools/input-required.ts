import { BehalfError } from '@behalf/core'

/** A result that asks the client for input, as `inputRequired` of SDK 2 makes it (revision 2026-07-28). */
export interface InputRequired {
  readonly resultType: 'input_required'
  readonly requestState?: string
  readonly [field: string]: unknown
}

/**
 * Returns the request for input that a body threw. A returned one is data: a body that returns the answer of another API
 * must not ask the user, and only the body knows that it has changed nothing before it asks (A13).
 */
export function inputAskedFor(thrown: unknown): InputRequired | undefined {
  const isWord = BehalfError.isInstance(thrown) && thrown.code === 'ERR_HAD_NO_EFFECT'
  return isWord && isInputRequired(thrown.cause) ? thrown.cause : undefined
}

const isInputRequired = (value: unknown): value is InputRequired =>
  typeof value === 'object' && value !== null && 'resultType' in value && value.resultType === 'input_required'

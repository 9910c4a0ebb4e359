import { HadNoEffect } from '@behalf/core'

/** A result that asks the client for input, as a body returns it (revision 2026-07-28). */
export interface InputRequired {
  readonly resultType: 'input_required'
  readonly requestState?: string
  readonly [field: string]: unknown
}

export function isInputRequired(value: unknown): value is InputRequired {
  return typeof value === 'object' && value !== null && 'resultType' in value && value.resultType === 'input_required'
}

/** Ends one attempt of a run whose body asks for input. A returned value would end the whole run. */
class AsksForInput extends Error {
  override readonly name = 'AsksForInput'
  readonly result: InputRequired

  constructor(result: InputRequired) {
    super('the tool asks its client for input')
    this.result = result
  }
}

/**
 * Returns the error to throw for a body that asks for input. If the body has credentials, the guard knows whether it
 * has written something. Without credentials, the error says that nothing was written.
 */
export function asksForInput(result: InputRequired, hasCredentials: boolean): Error {
  const asks = new AsksForInput(result)
  return hasCredentials ? asks : new HadNoEffect(asks)
}

/** Returns the request for input of a body, after the guard removed tokens from it. */
export function inputAskedFor(thrown: unknown): InputRequired | undefined {
  const asks = thrown instanceof HadNoEffect ? thrown.cause : thrown
  return asks instanceof AsksForInput ? asks.result : undefined
}

import { HadNoEffect } from '@behalf/core'

/** A result that asks the client for input, as a body gives it (revision 2026-07-28). */
export interface InputRequired {
  readonly resultType: 'input_required'
  readonly requestState?: string
  readonly [field: string]: unknown
}

export function isInputRequired(value: unknown): value is InputRequired {
  return typeof value === 'object' && value !== null && 'resultType' in value && value.resultType === 'input_required'
}

/** Ends a try of a run whose body asks for input: what is returned would end the run. */
class AsksForInput extends Error {
  override readonly name = 'AsksForInput'
  readonly result: InputRequired

  constructor(result: InputRequired) {
    super('the tool asks its client for input')
    this.result = result
  }
}

/**
 * What to throw in a body that asks for input. With credentials, the guard knows whether something was written before;
 * without, asking says that nothing was.
 */
export function asksForInput(result: InputRequired, hasCredentials: boolean): Error {
  const asks = new AsksForInput(result)
  return hasCredentials ? asks : new HadNoEffect(asks)
}

/** What the body asks for, as the guard let it out: without tokens. */
export function inputAskedFor(thrown: unknown): InputRequired | undefined {
  const asks = thrown instanceof HadNoEffect ? thrown.cause : thrown
  return asks instanceof AsksForInput ? asks.result : undefined
}

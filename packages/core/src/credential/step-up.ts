import { type StepUp, StepUpRequiredError } from '../base/errors/index.ts'
import type { Challenge } from './challenges.ts'

/**
 * Returns the step-up that an API's refusal demands: more scopes, or another login. Returns `undefined` if the refusal
 * demands neither.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 §3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export function stepUpOf(challenges: readonly Challenge[], credential: string): StepUpRequiredError | undefined {
  for (const { parameters } of challenges) {
    const asksForScopes = parameters.error === 'insufficient_scope'
    if (!asksForScopes && parameters.error !== 'insufficient_user_authentication') continue
    const demand = asksForScopes ? 'more scopes than the credential has' : 'another or a newer login of the user'
    return new StepUpRequiredError(`the API asks for ${demand}`, stepUp(parameters), credential)
  }
  return undefined
}

function stepUp(parameters: Challenge['parameters']): StepUp {
  const { scope, acr_values: acrValues, max_age: maxAge } = parameters as Readonly<Record<string, unknown>>
  return {
    ...(typeof scope === 'string' && { scopes: scope.split(' ').filter(Boolean) }),
    ...(typeof acrValues === 'string' && { acrValues: acrValues.split(' ').filter(Boolean) }),
    // RFC 9470 §3: a non-negative integer.
    ...(typeof maxAge === 'string' &&
      /^\d+$/.test(maxAge) &&
      Number.isSafeInteger(Number(maxAge)) && { maxAge: Number(maxAge) }),
  }
}

import type { WWWAuthenticateChallengeError } from 'openid-client'
import { type StepUp, StepUpRequiredError } from '../base/errors/index.ts'

/** Maximum length of a header, in characters. A longer one is ignored. */
const MAX_HEADER = 8192
const nowhere = new URL('https://resource.invalid')

/** One challenge of a refusal: its scheme in lower case, and its parameters. */
export type Challenge = WWWAuthenticateChallengeError['cause'][number]

/**
 * Returns the challenges of an API's refusal for our schemes. Returns none for another answer, or one that does not
 * parse.
 *
 * The library reads challenges only during a request of its own, so it gets a request that is never sent.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 | RFC 9110 §11.6.1}
 */
export async function challengesOf(response: Response): Promise<readonly Challenge[]> {
  if (response.status !== 401 && response.status !== 403) return []
  const header = response.headers.get('www-authenticate')
  if (header === null || header.length > MAX_HEADER) return []
  // Loaded at the first refusal, so that a process starts without it.
  const library = await import('openid-client')
  const configuration = new library.Configuration({ issuer: nowhere.href }, 'unused')
  const answer = { status: 401, headers: { 'www-authenticate': header } }
  configuration[library.customFetch] = async () => new Response(null, answer)
  try {
    await library.fetchProtectedResource(configuration, 'none', nowhere, 'GET')
    return []
  } catch (error) {
    if (!(error instanceof library.WWWAuthenticateChallengeError)) return []
    return error.cause.filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
  }
}

/**
 * Error of an API whose token lacks the authorization details of the request, by an Internet-Draft that may change:
 * draft-ietf-oauth-rar-metadata-remediation-00 (2026-08-23), §4. A fresh token would have the same details.
 */
export const INSUFFICIENT_AUTHORIZATION = 'insufficient_authorization'

/** Returns whether the API named this error. */
export const namesError = (challenges: readonly Challenge[], error: string): boolean =>
  challenges.some(({ parameters }) => parameters.error === error)

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

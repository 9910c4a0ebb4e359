import { Configuration, customFetch, fetchProtectedResource, WWWAuthenticateChallengeError } from 'openid-client'
import { type StepUp, StepUpRequiredError } from '../errors/index.ts'

/** Longer headers are no challenge that a person could answer. */
const MAX_HEADER = 8192
const nowhere = new URL('https://resource.invalid')

type Challenge = WWWAuthenticateChallengeError['cause'][number]

/**
 * What an API's refusal asks for, where it asks for more scopes or for another login; else `undefined`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 §3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export async function stepUpOf(response: Response): Promise<StepUpRequiredError | undefined> {
  if (response.status !== 401 && response.status !== 403) return undefined
  for (const { scheme, parameters } of await challengesOf(response.headers.get('www-authenticate'))) {
    if (scheme !== 'bearer' && scheme !== 'dpop') continue
    if (parameters.error === 'insufficient_scope') {
      return new StepUpRequiredError('the API asks for more scopes than the credential has', stepUp(parameters))
    }
    if (parameters.error === 'insufficient_user_authentication') {
      return new StepUpRequiredError('the API asks for another or a newer login of the user', stepUp(parameters))
    }
  }
  return undefined
}

function stepUp(parameters: Challenge['parameters']): StepUp {
  const { scope, acr_values: acrValues, max_age: maxAge } = parameters as Readonly<Record<string, unknown>>
  return {
    ...(typeof scope === 'string' && { scopes: words(scope) }),
    ...(typeof acrValues === 'string' && { acrValues: words(acrValues) }),
    ...(typeof maxAge === 'string' &&
      Number.isSafeInteger(Number(maxAge)) &&
      Number(maxAge) >= 0 && { maxAge: Number(maxAge) }),
  }
}

function words(text: string): readonly string[] {
  return text.split(' ').filter(Boolean)
}

/** The library reads challenges only on their way through a request of its own, so it gets one that goes nowhere. */
async function challengesOf(header: string | null): Promise<readonly Challenge[]> {
  if (header === null || header.length > MAX_HEADER) return []
  const configuration = new Configuration({ issuer: nowhere.href }, 'nobody')
  configuration[customFetch] = async () => new Response(null, { status: 401, headers: { 'www-authenticate': header } })
  try {
    await fetchProtectedResource(configuration, 'none', nowhere, 'GET')
    return []
  } catch (error) {
    return error instanceof WWWAuthenticateChallengeError ? error.cause : []
  }
}

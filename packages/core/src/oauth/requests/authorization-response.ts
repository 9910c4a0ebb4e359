import { ConfigurationError } from '../../base/errors/index.ts'
import { defined, shown } from '../../base/values/index.ts'
import { allowInsecureLoopback, type Profile } from '../profiles/profile.ts'

/** Reason why an authorization response contains no usable code. */
export interface AuthorizationRefusal {
  /**
   * `other_issuer`: the response is from another server than the one to which the browser was sent (RFC 9207).
   * `declined`: the person refused. `provider`: the server refused, or its response cannot be read.
   */
  readonly reason: 'other_issuer' | 'declined' | 'provider'
  /** For operators. */
  readonly detail: string
  /** OAuth error that the server named. Untrusted. */
  readonly error?: string
}

/**
 * Reads the code of an authorization response. Looks at the issuer first: words of another server count for nothing.
 * @param isIssuer - Whether `iss`, or its absence, is that of the server that was asked.
 */
export function readAuthorizationResponse(
  parameters: URLSearchParams,
  isIssuer: boolean,
): { readonly code: string } | AuthorizationRefusal {
  if (!isIssuer || parameters.getAll('iss').length > 1) {
    return { reason: 'other_issuer', detail: 'the answer does not come from the server that was asked' }
  }
  const error = parameters.get('error')?.slice(0, 100)
  if (error === 'access_denied') return { reason: 'declined', detail: 'the person declined', error }
  if (error !== undefined) {
    return { reason: 'provider', detail: `the provider answered ${JSON.stringify(error)}`, error }
  }
  const [code, ...more] = parameters.getAll('code')
  if (code && more.length === 0) return { code }
  return { reason: 'provider', detail: 'the answer holds no code' }
}

/**
 * Returns the app's own parameters of an authorization request, without those that are `undefined`: a URL would show
 * their text.
 * @param reserved - Names that the SDK sets.
 * @throws ConfigurationError A parameter is reserved, or no text.
 */
export function ownParameters(option: string, given: object, reserved: readonly string[]) {
  const parameters = defined(given) as Readonly<Record<string, string>>
  for (const [name, value] of Object.entries(parameters)) {
    if (reserved.includes(name)) throw new ConfigurationError(`${option}.${name}`, 'is set by the SDK: leave it out')
    if (typeof value !== 'string') throw new ConfigurationError(`${option}.${name}`, `is ${shown(value)}; give text`)
  }
  return parameters
}

/**
 * Returns an address to which a browser may be sent: no `javascript:`, and no plain http.
 * @throws ConfigurationError The server's metadata has no such address.
 */
export function browserUrl(option: string, given: unknown, profile: Profile): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  const insecure = profile[allowInsecureLoopback] === true
  if (url?.protocol === 'https:' || (insecure && url?.protocol === 'http:')) return url
  throw new ConfigurationError(option, "the provider's metadata names no endpoint to which a browser may be sent")
}

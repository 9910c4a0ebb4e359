import type { Fetch } from '@behalf/core'

/** What a server asked of the next login (RFC 9470 §3). */
export interface WantedLogin {
  readonly acrValues: string | undefined
  readonly maxAge: string | undefined
}

/**
 * Reads the challenge for another or a more recent login; `undefined` for every other answer.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export function wantedLogin(response: Response): WantedLogin | undefined {
  const challenge = response.headers.get('www-authenticate')
  if (response.status !== 401 || challenge === null) return undefined
  if (parameter(challenge, 'error') !== 'insufficient_user_authentication') return undefined
  return { acrValues: parameter(challenge, 'acr_values'), maxAge: parameter(challenge, 'max_age') }
}

/** The scopes that a server missed in a token (RFC 6750 §3.1); empty for every other answer. */
export function wantedScopes(response: Response): readonly string[] {
  const challenge = response.headers.get('www-authenticate')
  if (response.status !== 403 || challenge === null) return []
  if (parameter(challenge, 'error') !== 'insufficient_scope') return []
  return (parameter(challenge, 'scope') ?? '').split(' ').filter(Boolean)
}

/** A token that the MCP server refused. */
export interface RefusedToken {
  /** Empty where the request had none. */
  readonly token: string
  /** The scopes that it lacked; empty where it was refused as a whole. */
  readonly lacked: readonly string[]
}

/** Reads what the MCP server refused a request for; `undefined` for every other answer and every other server. */
export function refusedToken(
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  { response, server }: { readonly response: Response; readonly server: URL },
): RefusedToken | undefined {
  const request = input instanceof Request ? input : undefined
  if (new URL(request?.url ?? String(input)).href !== server.href) return undefined
  if (response.status !== 401 && response.status !== 403) return undefined
  const authorization = new Headers(init?.headers ?? request?.headers).get('authorization')
  return { token: authorization?.split(' ')[1] ?? '', lacked: wantedScopes(response) }
}

/**
 * Asks for that login (RFC 9470 §4). Its parameters are of OpenID Connect, and some servers take them with its scope
 * only.
 */
export function askForLogin(
  url: URL,
  { acrValues, maxAge }: WantedLogin,
  supported: readonly string[] | undefined,
): void {
  if (acrValues !== undefined) url.searchParams.set('acr_values', acrValues)
  if (maxAge !== undefined) url.searchParams.set('max_age', maxAge)
  const scopes = (url.searchParams.get('scope') ?? '').split(' ').filter(Boolean)
  if (!scopes.includes('openid') && supported?.includes('openid') === true) {
    url.searchParams.set('scope', ['openid', ...scopes].join(' '))
  }
}

function parameter(challenge: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|[\\s,])${name}=(?:"([^"\\\\]*)"|([^\\s,"]+))`, 'i').exec(challenge)
  return found?.[1] ?? found?.[2]
}

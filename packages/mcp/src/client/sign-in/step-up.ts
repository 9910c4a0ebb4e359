import type { Fetch } from '@behalf/core'
import { SignInError } from './sign-in-error.ts'

/** Requirements of a server for the next login (RFC 9470 §3). */
export interface WantedLogin {
  readonly acrValues: string | undefined
  readonly maxAge: string | undefined
}

/**
 * Reads a challenge that requires another or a more recent login. Returns `undefined` for every other response.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export function wantedLogin(response: Response): WantedLogin | undefined {
  const challenge = response.headers.get('www-authenticate')
  if (response.status !== 401 || challenge === null) return undefined
  if (parameter(challenge, 'error') !== 'insufficient_user_authentication') return undefined
  return { acrValues: parameter(challenge, 'acr_values'), maxAge: parameter(challenge, 'max_age') }
}

/**
 * Returns the scopes that a token lacked, by the server's challenge (RFC 6750 §3.1). Empty for every other response.
 */
export function wantedScopes(response: Response): readonly string[] {
  const challenge = response.headers.get('www-authenticate')
  if (response.status !== 403 || challenge === null) return []
  if (parameter(challenge, 'error') !== 'insufficient_scope') return []
  return (parameter(challenge, 'scope') ?? '').split(' ').filter(Boolean)
}

/** A token that the MCP server refused. */
export interface RefusedToken {
  /** Empty if the request had no token. */
  readonly token: string
  /** The scopes that it lacked. Empty if the server refused the token as a whole. */
  readonly lacked: readonly string[]
  /** Reason why the token is invalid, in the server's words. `undefined` if the server does not call it invalid. */
  readonly fault: string | undefined
}

/** Time in which another sign-in would give the same token. Milliseconds. */
const SAME_TOKEN_MS = 30_000
const MAX_FAULT = 200

/**
 * Refuses to go on where the server calls the token of a sign-in invalid at its first use: another sign-in would bring the
 * same, and the user would see page after page.
 *
 * @throws SignInError `refused`, with the server's reason.
 */
export function refuseUselessSignIn(
  refused: RefusedToken | undefined,
  signedIn: { readonly token: string; readonly at: number } | undefined,
): void {
  if (refused?.fault === undefined || refused.token !== signedIn?.token) return
  if (Date.now() - signedIn.at > SAME_TOKEN_MS) return
  const fault = JSON.stringify(refused.fault.slice(0, MAX_FAULT))
  const remedy = 'check what the authorization server writes into it, such as its audience'
  throw new SignInError('refused', `the server refuses the token of this sign-in as invalid (${fault}): ${remedy}`)
}

/**
 * Returns the token that the MCP server refused, and why. `undefined` for every other response and every other server.
 */
export function refusedToken(
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  { response, server }: { readonly response: Response; readonly server: URL },
): RefusedToken | undefined {
  const request = input instanceof Request ? input : undefined
  if (new URL(request?.url ?? String(input)).href !== server.href) return undefined
  if (response.status !== 401 && response.status !== 403) return undefined
  const authorization = new Headers(init?.headers ?? request?.headers).get('authorization')
  const challenge = response.headers.get('www-authenticate') ?? ''
  const isInvalid = parameter(challenge, 'error') === 'invalid_token'
  const fault = isInvalid ? (parameter(challenge, 'error_description') ?? 'no description') : undefined
  return { token: authorization?.split(' ')[1] ?? '', lacked: wantedScopes(response), fault }
}

/**
 * Asks for that login (RFC 9470 §4). Its parameters belong to OpenID Connect, and some servers accept them only with
 * the scope `openid`.
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

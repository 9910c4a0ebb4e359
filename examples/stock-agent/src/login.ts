import {
  type Clock,
  type Fetch,
  type Identity,
  type Profile,
  type Store,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { createSignIn } from '@behalf/core/identity'

export interface LoginOptions {
  readonly authorizationServer: Profile
  readonly redirectUri: string
  /** Audience of the access token: the agent's own API. */
  readonly audience: string
  readonly store: Store
  readonly clock: Clock
  readonly fetch: Fetch
  /** Called with a refresh token, which is then requested too. A delegation seals it. */
  readonly takeRefreshToken?: (token: string) => void
}

/** A finished login. Holds no token in any field. */
export interface Session {
  /** Identity from the access token: calls run as it, and its token is exchanged. */
  readonly identity: Identity
  /** User from the id_token, for the screen. */
  readonly user: UserIdentity
}

/** The login ended without a trustworthy answer. */
class LoginError extends Error {
  override readonly name = 'LoginError'
  readonly code = 'ERR_LOGIN'
}

/**
 * Logs a user in by authorization code and PKCE, and verifies both tokens.
 *
 * The browser's part is one redirect, since the signed-in user of the mock server always agrees.
 *
 * @throws LoginError The server did not redirect, refused, or its two tokens name two persons.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4 | RFC 7636 §4}
 */
export async function login(options: LoginOptions): Promise<Session> {
  const { authorizationServer, redirectUri, audience, store, clock, fetch, takeRefreshToken } = options
  const signIn = createSignIn({
    authorizationServer,
    store,
    redirectUri,
    scopes: ['profile', 'chat', ...(takeRefreshToken === undefined ? [] : ['offline_access'])],
    resource: audience,
    clock,
    fetch,
  })
  const { url, cookie } = await signIn.start(new Request(new URL('/login', redirectUri)))
  const answer = await signIn.complete(await browse(url, cookie, fetch))
  if (answer.status !== 'signed_in') throw new LoginError(answer.detail)
  const { identity: user, tokens } = answer
  takeRefreshToken?.(tokens.refreshToken ?? '')
  const identity = await verifyAccessToken(tokens.accessToken, { authorizationServer, clock, fetch, audience })
  if (identity.kind !== 'user' || identity.subject !== user.subject) {
    throw new LoginError('the access token and the id_token name different persons')
  }
  return { identity, user }
}

/** Acts as a browser: keeps the cookie, follows the link, and returns to the app. */
async function browse(url: string, cookie: string, fetch: Fetch): Promise<Request> {
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location === null)
    throw new LoginError(`no redirect came from the authorization endpoint, but ${response.status}`)
  return new Request(location, { headers: { cookie: cookie.split(';', 1).join('') } })
}

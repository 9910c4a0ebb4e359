import { type Fetch, type Identity, type Profile, type UserIdentity, verifyAccessToken } from '@behalf/core'
import { verifyIdToken } from '@behalf/core/identity'
import * as client from 'openid-client'
import type { MovableClock } from './clock.ts'

export interface LoginOptions {
  readonly authorizationServer: Profile
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  /** Audience of the access token: the agent's own API. */
  readonly audience: string
  readonly clock: MovableClock
  readonly fetch: Fetch
  /** Also requests a refresh token, and passes it on: to a delegation, which seals it. */
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
 * @throws LoginError The server did not redirect, or its two tokens name two persons.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4 | RFC 7636 §4}
 */
export async function login(options: LoginOptions): Promise<Session> {
  const { authorizationServer, clock, fetch, audience } = options
  const configuration = await discover(options)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: options.redirectUri,
    scope: `openid profile chat${options.takeRefreshToken === undefined ? '' : ' offline_access'}`,
    audience,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const tokens = await client.authorizationCodeGrant(configuration, await browse(url, fetch), {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
  })
  options.takeRefreshToken?.(tokens.refresh_token ?? '')
  const trust = { authorizationServer, clock, fetch }
  const identity = await verifyAccessToken(tokens.access_token, { ...trust, audience })
  const user = await verifyIdToken(tokens.id_token ?? '', {
    ...trust,
    nonce: expectedNonce,
    accessToken: tokens.access_token,
  })
  if (identity.kind !== 'user' || identity.subject !== user.subject) {
    throw new LoginError('the access token and the id_token speak of different persons')
  }
  return { identity, user }
}

async function discover({ authorizationServer, clientId, clientSecret, clock, fetch }: LoginOptions) {
  const configuration = await client.discovery(
    new URL(authorizationServer.issuer),
    clientId,
    { [client.clockSkew]: clock.aheadSeconds() },
    client.ClientSecretPost(clientSecret),
    { [client.customFetch]: (input, init) => fetch(input, init as RequestInit) },
  )
  client.enableNonRepudiationChecks(configuration)
  return configuration
}

/** Acts as a browser: follows the link, and returns to the app. */
async function browse(url: URL, fetch: Fetch): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location === null)
    throw new LoginError(`no redirect came from the authorization endpoint, but ${response.status}`)
  return new URL(location)
}

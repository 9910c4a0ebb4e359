import { type Clock, type Profile, type UserIdentity, verifyAccessToken } from '@behalf/core'
import { connectAuthorizationServer, systemClock } from '@behalf/core/spi'
import { base64url } from 'jose'
import * as z from 'zod/mini'
import { TestingError } from '../testing-error.ts'
import { AGENT_RESOURCE } from './make-world.ts'
import { profileOf } from './profile-of.ts'
import type { ProtocolTarget, TargetAuthorizationServer, TargetClient } from './protocol-target.ts'

/** Part of a target that a login needs. `startMockServers` has it too. */
export interface LoginTarget {
  /** The app's issuer, and the control that signs a user in there. */
  readonly authorizationServer: Pick<TargetAuthorizationServer, 'issuer'> & {
    readonly controls: Pick<TargetAuthorizationServer['controls'], 'signInAs'>
  }
  /** The client to log in to, if the options name none. */
  readonly clients: Pick<ProtocolTarget['clients'], 'agent'>
}

/** Options of {@link login} and {@link signIn}. */
export interface LoginOptions {
  /** User of the browser: a `sub` of the app's issuer. */
  readonly user: string
  /** The client that the user logs in to. @default the agent's */
  readonly client?: TargetClient
  /** Profile by which the client uses the server. @default `profileOf(target, client)` */
  readonly profile?: Profile
  /** Scopes to ask for, separated by spaces. @default 'openid profile offline_access chat' */
  readonly scope?: string
  /** API of the access token, in the profile's parameter. @default the agent's own API */
  readonly resource?: string
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Time of the client. @default the system's clock */
  readonly clock?: Clock
}

/** Result of a login. */
export interface LoginTokens {
  /** Access token for `resource`. Not verified. */
  readonly accessToken: string
  /** ID token, not verified. Absent without the scope `openid`. */
  readonly idToken?: string
  /** Absent without the scope `offline_access`. */
  readonly refreshToken?: string
  /** Granted scopes. */
  readonly scopes?: readonly string[]
  /** Nonce that the id_token repeats. Sent with the scope `openid` only. */
  readonly nonce: string
}

/** Metadata that a browser needs. */
const Metadata = z.object({ authorization_endpoint: z.url() })

/**
 * Logs a user in by authorization code and PKCE, as browser and app in one.
 *
 * The browser's part is one redirect: the signed-in user of the target agrees. Checks `state` and `iss` of the
 * redirect; does not verify the tokens, see {@link signIn}.
 *
 * @throws TestingError The server did not redirect back, or with an error, which the message names.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4 | RFC 7636 §4}
 */
export async function login(target: LoginTarget, options: LoginOptions): Promise<LoginTokens> {
  // Copied, because a test may reuse the same object for its next login.
  const own = { ...options, parameters: { ...options.parameters } }
  const { client = target.clients.agent, clock = systemClock, resource = AGENT_RESOURCE } = own
  const { scope = 'openid profile offline_access chat' } = own
  const profile = own.profile ?? profileOf(target, client)
  const { issuer, controls } = target.authorizationServer
  await controls.signInAs(own.user)
  const verifier = randomText()
  const state = randomText()
  const nonce = randomText()
  const callback = await browse(await authorizationEndpoint(issuer), {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri ?? '',
    scope,
    [profile.target]: resource,
    state,
    // OpenID Connect Core §3.1.2.1: a parameter of its own requests. Some servers refuse it in others.
    ...(scope.split(' ').includes('openid') && { nonce }),
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
    ...own.parameters,
  })
  // RFC 6749 §10.12, RFC 9207 §2.4.
  if (callback.get('state') !== state || callback.get('iss') !== issuer) {
    throw new TestingError('login: the redirect has another state or iss than the request')
  }
  const server = connectAuthorizationServer(profile, { fetch, clock, timeoutMs: 10_000 })
  const { accessToken, idToken, refreshToken, scopes } = await server.grant('authorization_code', {
    code: callback.get('code') ?? '',
    redirect_uri: client.redirectUri,
    code_verifier: verifier,
  })
  return {
    accessToken,
    ...(idToken !== undefined && { idToken }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(scopes !== undefined && { scopes }),
    nonce,
  }
}

/**
 * Logs a user in, and verifies the access token. Returns an identity for a guard.
 * @throws TestingError The token is not of a user.
 * @throws InvalidTokenError The access token does not verify.
 */
export async function signIn(target: LoginTarget, options: LoginOptions): Promise<UserIdentity> {
  const { client = target.clients.agent, clock = systemClock, resource = AGENT_RESOURCE } = options
  const profile = options.profile ?? profileOf(target, client)
  const { accessToken } = await login(target, { ...options, profile })
  const identity = await verifyAccessToken(accessToken, { authorizationServer: profile, audience: resource, clock })
  if (identity.kind !== 'user') throw new TestingError('signIn: the access token is not of a user')
  return identity
}

async function authorizationEndpoint(issuer: string): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  return Metadata.parse(await response.json()).authorization_endpoint
}

async function browse(endpoint: string, parameters: Readonly<Record<string, string>>): Promise<URLSearchParams> {
  const response = await fetch(`${endpoint}?${new URLSearchParams(parameters)}`, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location === null || !location.startsWith(parameters.redirect_uri ?? '')) {
    throw new TestingError(`login: no redirect to the client, but ${response.status} ${await response.text()}`)
  }
  const { searchParams } = new URL(location)
  const error = searchParams.get('error')
  if (error !== null) {
    const why =
      searchParams.get('error_description') ?? `the server gave no reason; the scopes were ${parameters.scope}`
    throw new TestingError(`login: ${error}: ${why}`)
  }
  return searchParams
}

function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
}

async function challengeOf(verifier: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}

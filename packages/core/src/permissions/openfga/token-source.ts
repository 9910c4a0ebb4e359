import { BehalfError, ConfigurationError, type OAuthResponseError, TransportError } from '../../base/errors/index.ts'
import type { Clock, Fetch } from '../../base/ports.ts'
import { SingleFlight } from '../../base/process/async.ts'
import { refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { Token } from '../../credential/token.ts'
import { unverifiedClaims } from '../../oauth/jwt/read-claims.ts'
import { type Profile, requireProfile } from '../../oauth/profiles/profile.ts'
import type { AuthorizationServer, TokenResponse } from '../../oauth/server.ts'
import { tokenEnd } from '../../oauth/tokens/times.ts'

/** Credentials of this client at OpenFGA. */
export type OpenFgaCredentials =
  | {
      readonly method: 'apiToken'
      /** Bearer token to send. Never logged. */
      readonly token: string
    }
  | {
      /**
       * Access token of the client's own (RFC 6749 §4.4). Requested when it is needed, and kept until shortly before it
       * expires.
       */
      readonly method: 'clientCredentials'
      /** Issuer of the token, and the client's authentication: `oidc({ issuer, clientId, clientSecret })`. */
      readonly authorizationServer: Profile
      /** Audience of the token, such as `https://api.us1.fga.dev/`. */
      readonly audience: string
      /** Scopes to request. @default the server's default */
      readonly scopes?: readonly string[]
    }

/** Source of the Bearer token. */
export interface TokenSource {
  token(signal: AbortSignal): Promise<Token | undefined>
  /** Drops a token that the server refused. @returns whether another token may be requested */
  drop(used: Token | undefined): boolean
}

/** Time before a token expires at which it is no longer sent, in seconds. */
const SKEW_SECONDS = 30

/** @throws ConfigurationError The credentials are wrong. No request is made. */
export function tokenSource(credentials: OpenFgaCredentials | undefined, way: TokenWay): TokenSource {
  if (credentials === undefined) return fixed(undefined)
  switch (credentials.method) {
    case 'apiToken':
      refuseUnknownKeys('openFga.credentials', credentials, ['method', 'token'])
      // RFC 6750 §2.1: the allowed characters of a Bearer token.
      if (typeof credentials.token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(credentials.token)) {
        throw new ConfigurationError('openFga.credentials.token', 'give the API token as OpenFGA has it')
      }
      return fixed(new Token(credentials.token))
    case 'clientCredentials':
      return clientCredentials(credentials, way)
    default:
      throw new ConfigurationError(
        'openFga.credentials.method',
        "give 'apiToken' or 'clientCredentials', or no credentials",
      )
  }
}

export interface TokenWay {
  readonly fetch: Fetch
  readonly clock: Clock
  /** Time limit for one token request, in milliseconds. */
  readonly timeoutMs: number
}

const fixed = (token: Token | undefined): TokenSource => ({ token: () => Promise.resolve(token), drop: () => false })

function clientCredentials(
  credentials: Extract<OpenFgaCredentials, { method: 'clientCredentials' }>,
  way: TokenWay,
): TokenSource {
  refuseUnknownKeys('openFga.credentials', credentials, ['method', 'authorizationServer', 'audience', 'scopes'])
  const profile = requireProfile('openFga.credentials.authorizationServer', credentials.authorizationServer)
  const audience = requireText('openFga.credentials.audience', credentials.audience)
  const scope = credentials.scopes?.join(' ') || undefined
  const flights = new SingleFlight<Token>()
  let server: AuthorizationServer | undefined
  let kept: { readonly token: Token; readonly staleAt: number } | undefined
  const obtain = async (signal: AbortSignal): Promise<Token> => {
    // The OAuth library is loaded only for this method.
    const { connectAuthorizationServer } = await import('../../oauth/connect-authorization-server.ts')
    server ??= connectAuthorizationServer(profile, way)
    const from = way.clock.now() / 1000
    const answer = await grant(server, { audience, scope }, signal)
    const token = new Token(answer.accessToken)
    const end = tokenEnd(from, answer.expiresIn, (await unverifiedClaims(answer.accessToken))?.exp)
    // I7: a token without an expiry is used once, and not cached.
    kept = end === undefined ? undefined : { token, staleAt: end - Math.min(SKEW_SECONDS, (end - from) / 10) }
    return token
  }
  return {
    token: (signal) =>
      kept !== undefined && way.clock.now() / 1000 < kept.staleAt
        ? Promise.resolve(kept.token)
        : flights.run('token', obtain, signal),
    drop: (used) => {
      if (kept?.token === used) kept = undefined
      return true
    },
  }
}

async function grant(
  server: AuthorizationServer,
  parameters: { readonly audience: string; readonly scope: string | undefined },
  signal: AbortSignal,
): Promise<TokenResponse> {
  try {
    return await server.grant('client_credentials', parameters, { signal })
  } catch (error) {
    throw faultOf(error)
  }
}

/** Converts the error: the server refused the app, not the user, so it must not ask the user to sign in. */
function faultOf(error: unknown): unknown {
  if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE') return error
  const refused = error as OAuthResponseError
  // The code alone: a server may repeat the client's own proof in its description.
  const message = `the authorization server gave no token for OpenFGA: ${JSON.stringify(refused.error)}`
  return refused.error === 'temporarily_unavailable' || refused.error === 'server_error'
    ? new TransportError(message)
    : new ConfigurationError('openFga.credentials', message)
}

import type { Identity } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { checkValues, namesOf, refuseUnknownKeys, requireText, requireTexts } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { authorizationServers, type ProfileOf, profileOption } from '../oauth/authorization-servers.ts'
import type { DpopKey } from '../oauth/client/dpop-key.ts'
import { readIssuer, unknownIssuer } from '../oauth/jwt/read-claims.ts'
import { checkTokenText } from '../oauth/jwt/verify-jwt.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import {
  type AuthorizationServer,
  type AuthorizationServers,
  type RequestOptions,
  type SurroundingsOptions,
  surroundingsOf,
} from '../oauth/server.ts'
import { tokenScopes } from '../oauth/tokens/scopes.ts'
import { checkAccessToken, checkBinding } from './check-access-token.ts'
import { isInteractiveClient } from './subject-token.ts'
import { admit, buildAgent, buildUser } from './verified.ts'
import { audienceOf, keyThumbprintOf } from './wire.ts'

/**
 * Returns the authorization server that verifies a token.
 *
 * Among several servers, reads `iss` unverified to choose one, and refuses an untrusted issuer before any request. With
 * one server there is no choice, and the server itself makes no request for a token of another issuer.
 */
export function selectServer(servers: AuthorizationServers, jwt: string): AuthorizationServer {
  // The server checks the text itself before it decodes it.
  if (servers.sole !== undefined) return servers.sole
  checkTokenText(jwt)
  const issuer = readIssuer(jwt)
  if (typeof issuer !== 'string' || !servers.knows(issuer)) throw unknownIssuer(issuer)
  return servers.of(issuer)
}

/** Options of every verification. */
export interface VerifyTokenOptions extends SurroundingsOptions, RequestOptions {
  /**
   * Profile of the issuer that the app trusts, or a function that returns the profile of each trusted issuer. A token
   * of another issuer is refused before any request.
   */
  readonly authorizationServer: Profile | ProfileOf
}

/** Requirements for an access token. */
export interface VerifyAccessTokenOptions extends VerifyTokenOptions {
  /** Identifier of this API: the token must have been issued for it. With several, for any one of them. */
  readonly audience: string | readonly string[]
  /**
   * Our own key, if the token was issued to us. Accepts a token that is bound to this key, since only we can use it.
   * Not for tokens of other callers, who must prove their own key.
   */
  readonly boundTo?: DpopKey | undefined
}

export const verifyTokenKeys = ['authorizationServer', 'fetch', 'clock', 'timeoutMs', 'signal'] as const
export const accessTokenKeys = [...verifyTokenKeys, 'audience'] as const
const optionKeys = namesOf<VerifyAccessTokenOptions>(...accessTokenKeys, 'boundTo')

/**
 * Verifies a JWT access token and returns its subject: a user, or the client itself.
 *
 * Checks signature, `iss`, `aud`, `exp`, `nbf`, type and the claims that the provider's profile requires (RFC 9068 for
 * plain OIDC). Does not check scopes, roles or revocation, and accepts no opaque token. Refuses a token that is bound
 * to another key than `boundTo`, since no request proves the key here: an API accepts such tokens with
 * `createResourceServer`. Times tolerate 30 s.
 *
 * @param options.timeoutMs - Total time, discovery and keys included, in milliseconds. @default 10_000
 * @returns The verified identity, frozen. Its token is behind it, and in no field of it.
 * @throws InvalidTokenError The token does not verify; `reason` says why. Get a new one.
 * @throws TransportError The issuer's metadata or keys did not arrive. Try again later.
 * @throws InvalidResponseError The issuer's metadata or keys break their specification.
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-4 | RFC 9068 §4}
 */
export async function verifyAccessToken(token: string, options: VerifyAccessTokenOptions): Promise<Identity> {
  refuseUnknownKeys('verifyAccessToken', options, optionKeys)
  const servers = trustedServers('verifyAccessToken', options)
  const audience = checkAudience('verifyAccessToken.audience', options.audience)
  return identityFromAccessToken(token, servers, audience, {
    signal: options.signal,
    ownKey: options.boundTo?.thumbprint,
  })
}

interface ProofOptions {
  readonly signal?: AbortSignal | undefined
  /** Thumbprint of the key that the caller proved (RFC 9449). A token of any other key is refused. */
  readonly provedKey?: string | undefined
  /** Thumbprint of a key that we hold ourselves. A token may be bound to it. */
  readonly ownKey?: string | undefined
}

/** Verifies a token like {@link verifyAccessToken}, with settings that were checked before. */
export async function identityFromAccessToken(
  token: string,
  servers: AuthorizationServers,
  audience: readonly string[],
  { signal, provedKey, ownKey }: ProofOptions = {},
): Promise<Identity> {
  const server = selectServer(servers, token)
  const { token: rules } = server.profile
  const verified = await server.verifyJwt(token, { audience, types: rules.accessTokenTypes, signal })
  checkAccessToken(server.profile, verified)
  const { claims } = verified
  checkBinding(claims, provedKey ?? (claims.cnf === undefined ? undefined : ownKey))
  const clientId = rules.clientId(claims)
  if (clientId === undefined) throw new InvalidTokenError('claims', 'the token names no client')
  const isAgent = rules.isAgent?.(claims) ?? claims.sub === clientId
  const keyThumbprint = keyThumbprintOf(claims)
  return admit(isAgent ? buildAgent(server.profile, claims, clientId) : buildUser(server.profile, claims, clientId), {
    token: new Token(token),
    type: 'access_token',
    scopes: tokenScopes(rules, claims),
    audience: audienceOf(claims),
    isInteractive: isInteractiveClient(server.profile, clientId),
    ...(keyThumbprint !== undefined && { keyThumbprint }),
  })
}

/** The servers that the options trust. */
export function trustedServers(where: string, options: VerifyTokenOptions): AuthorizationServers {
  checkValues(`${where}.`, options, { authorizationServer: profileOption })
  return authorizationServers(options.authorizationServer, surroundingsOf(where, options))
}

/** Checks one audience or several, each of them non-empty text. */
export function checkAudience(option: string, audience: unknown): readonly string[] {
  return typeof audience === 'string' ? [requireText(option, audience)] : requireTexts(option, audience)
}

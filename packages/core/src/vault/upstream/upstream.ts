import { LRUCache } from 'lru-cache'
import { InvalidResponseError } from '../../base/errors/index.ts'
import { sha256 } from '../../base/values/index.ts'
import { userFromIdToken } from '../../identity/verify-id-token.ts'
import { authorizationServers } from '../../oauth/authorization-servers.ts'
import { allowInsecureLoopback } from '../../oauth/profiles/profile.ts'
import { browserUrl } from '../../oauth/requests/authorization-response.ts'
import { boundedRequest, withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type {
  AuthorizationServer,
  AuthorizationServers,
  GrantOptions,
  GrantParameters,
  RequestOptions,
  ServerEndpoints,
  Surroundings,
  TokenResponse,
} from '../../oauth/server.ts'
import { authorizationRequest, readAccount } from '../wire.ts'
import type {
  AuthorizationAttempt,
  CheckedConnection,
  RedeemedTokens,
  UpstreamAccount,
  UpstreamTokens,
} from './connection-definition.ts'
import { normalisingFetch } from './normalise-answer.ts'
import { revocationRequest } from './revocation-request.ts'

/** A provider of one connection, and our client there. Makes requests and stores nothing. */
export class Upstream {
  readonly connection: CheckedConnection
  readonly #servers: AuthorizationServers
  readonly #server: AuthorizationServer
  readonly #surroundings: Surroundings
  /** Answers as the provider wrote them, until the account was read from them. */
  readonly #answers = new LRUCache<string, Readonly<Record<string, unknown>>>({ max: 100, ttl: 60_000 })

  constructor(connection: CheckedConnection, surroundings: Surroundings) {
    this.connection = connection
    this.#surroundings = surroundings
    const { profile, account } = connection
    const keep = (accessToken: string, answer: Readonly<Record<string, unknown>>) => {
      if (account.from === 'answer') this.#answers.set(accessToken, answer)
    }
    const fetch = normalisingFetch(connection, surroundings.fetch, keep)
    this.#servers = authorizationServers(profile, { ...surroundings, fetch })
    this.#server = this.#servers.of(profile.issuer)
  }

  /** Discovers the metadata, if there is any, so that the next request is the one that matters. */
  ready(options: RequestOptions): Promise<ServerEndpoints> {
    return this.#server.endpoints(options)
  }

  /**
   * Returns the address to which the browser goes.
   * @throws ConfigurationError The server has no authorization endpoint, or an untrusted one.
   */
  async authorizationUrl(attempt: AuthorizationAttempt, options: RequestOptions): Promise<string> {
    const { authorization } = await this.ready(options)
    const url = browserUrl(this.connection.name, authorization, this.connection.profile)
    const challenge = await sha256(attempt.codeVerifier)
    for (const [name, value] of Object.entries(authorizationRequest(this.connection, attempt, challenge))) {
      url.searchParams.set(name, value)
    }
    return url.href
  }

  /** Returns whether an authorization response comes from this provider (RFC 9207 §2.4). */
  async isIssuer(named: string | null, options: RequestOptions): Promise<boolean> {
    const { issuer, discovery } = this.connection.profile
    if (named !== null && discovery !== 'none') return named === issuer
    const { namesIssuer, authorization = '' } = await this.ready(options)
    // Without metadata, only its address names the server.
    return named === null
      ? !namesIssuer
      : URL.canParse(named) && new URL(named).origin === new URL(authorization).origin
  }

  /** @throws OAuthResponseError, InvalidResponseError, InvalidTokenError, TransportError */
  redeem(
    code: string,
    { redirectUri, codeVerifier }: Pick<AuthorizationAttempt, 'redirectUri' | 'codeVerifier'>,
    options: GrantOptions,
  ): Promise<RedeemedTokens> {
    return this.#grant('authorization_code', { code, redirect_uri: redirectUri, code_verifier: codeVerifier }, options)
  }

  /** Sends the refresh token, once. @throws as `redeem` */
  refresh(refreshToken: string, options: GrantOptions): Promise<UpstreamTokens> {
    return this.#grant('refresh_token', { refresh_token: refreshToken }, options)
  }

  /** Revokes a token. @returns whether the provider was asked to. */
  async revoke(
    tokens: { readonly accessToken?: string | undefined; readonly refreshToken?: string | undefined },
    options: RequestOptions,
  ): Promise<boolean> {
    const { accessToken, refreshToken } = tokens
    const { revocation } = this.connection
    if (revocation !== undefined) {
      return (
        accessToken !== undefined &&
        revocationRequest(this.connection, revocation, accessToken, { ...this.#surroundings, signal: options.signal })
      )
    }
    // RFC 7009 §2.1: revoking the refresh token also revokes the access tokens that are based on it.
    const token = refreshToken ?? accessToken
    if (token === undefined || (await this.ready(options)).revocation === undefined) return false
    const hint = refreshToken === undefined ? 'access_token' : 'refresh_token'
    await this.#server.revoke(token, { ...options, hint })
    return true
  }

  async #grant(type: string, parameters: GrantParameters, options: GrantOptions): Promise<TokenResponse> {
    const { resource } = this.connection
    const response = await this.#server.grant(type, { ...parameters, resource }, options)
    if (response.tokenType === 'bearer') return response
    throw new InvalidResponseError(
      `${this.connection.name}: the provider gave a token that is not Bearer; it was dropped`,
    )
  }

  /** Returns the account of the tokens of a new link. @throws as `redeem` */
  async accountOf(response: RedeemedTokens, nonce: string, options: RequestOptions): Promise<UpstreamAccount> {
    const { account } = this.connection
    switch (account.from) {
      case 'none':
        return { id: 'default' }
      case 'answer':
        // The answer is cached: a provider may give one token to two users who link at the same time.
        return readAccount(this.#answers.get(response.accessToken), account)
      case 'endpoint':
        return readAccount(await this.#ask(account.url, response.accessToken, options), account)
      case 'id_token': {
        if (response.idToken === undefined) throw new InvalidResponseError('the provider gave no id_token')
        const checks = { nonce, accessToken: response.accessToken, ...options }
        const { user } = await userFromIdToken(response.idToken, this.#servers, checks)
        return readAccount(user.claims, {
          id: account.id ?? 'sub',
          ...(account.label !== undefined && { label: account.label }),
        })
      }
      default:
        return account satisfies never
    }
  }

  async #ask(url: string, accessToken: string, { signal }: RequestOptions): Promise<unknown> {
    const { fetch, clock, timeoutMs } = this.#surroundings
    const { profile, name } = this.connection
    const rules = { fetch, now: () => clock.now(), allowInsecureLoopback: profile[allowInsecureLoopback] === true }
    const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json', 'user-agent': 'behalf' }
    return withinDeadline({ timeoutMs, signal }, async (ending) => {
      const response = await boundedRequest(rules, url, { headers, signal: ending })
      if (response.ok) return response.json().catch(() => undefined)
      throw new InvalidResponseError(`${name}: the provider did not say whose account it is (${response.status})`)
    })
  }
}

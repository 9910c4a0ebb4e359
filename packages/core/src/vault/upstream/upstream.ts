import { LRUCache } from 'lru-cache'
import { InvalidResponseError } from '../../base/errors/index.ts'
import type { Fetch } from '../../base/ports.ts'
import { defined, parsedJson, sha256 } from '../../base/values/index.ts'
import { userFromIdToken } from '../../identity/verify-id-token.ts'
import { authorizationServers } from '../../oauth/authorization-servers.ts'
import { allowInsecureLoopback } from '../../oauth/profiles/profile.ts'
import { browserUrl } from '../../oauth/requests/authorization-response.ts'
import { boundedRequest, readAnswer, withinDeadline } from '../../oauth/requests/bounded-request.ts'
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
  RevocationRequest,
  UpstreamAccount,
  UpstreamTokens,
} from './connection-definition.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Makes a fetch that converts token answers to the form of RFC 6749, for providers that differ: errors under status
 * 200, scopes with commas, the user's token within a member. It also removes the parts that a refresh does not need.
 * Adds nothing: a missing value stays missing.
 * @param onAnswer - Gets each token answer as the provider wrote it.
 */
function normalisingFetch(
  connection: CheckedConnection,
  fetch: Fetch,
  onAnswer: (accessToken: string, answer: Members) => void,
): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method !== 'POST' || response.status >= 300) return response
    const url = new URL(input instanceof Request ? input.url : input)
    const body = await readAnswer(response, url)
    const answer = parse(body)
    const { status, headers } = response
    if (answer === undefined) return new Response(body, { status, headers })
    const { tokens: all, isError } = tokensOf(answer, connection)
    // A refresh does not use its id_token. One that does not verify must not cost the new refresh token.
    const { id_token: _, ...withoutIdToken } = all
    const tokens = isRefresh(init.body) ? withoutIdToken : all
    if (typeof tokens.access_token === 'string') onAnswer(tokens.access_token, answer)
    const plain = new Headers(headers)
    plain.delete('content-length')
    plain.delete('content-encoding')
    plain.set('content-type', 'application/json')
    return new Response(JSON.stringify(tokens), { status: isError ? 400 : status, headers: plain })
  }
}

const isRefresh = (body: unknown): boolean =>
  body instanceof URLSearchParams && body.get('grant_type') === 'refresh_token'

function parse(body: Uint8Array): Members | undefined {
  const value = parsedJson(body)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

function tokensOf(answer: Members, connection: CheckedConnection): { tokens: Members; isError: boolean } {
  if (typeof answer.error === 'string') return { tokens: answer, isError: true }
  const { answerMember, scopeSeparator, bearerTypes = [], unscopedTokenPrefix } = connection
  const { [answerMember ?? '']: within, ...outer } = answer
  const inner = typeof within === 'object' && within !== null ? (within as Members) : {}
  // A refresh answer may omit the member; a bot's token is recognized by its type.
  const found = answerMember !== undefined && 'access_token' in inner ? inner : outer
  const { token_type: type, scope: named, ...all } = found
  // All users of a workspace share a bot's token, so it is not stored or revoked for one user.
  const isBots = answerMember !== undefined && found === outer && !bearerTypes.includes(`${type}`)
  const { access_token: _a, refresh_token: _r, ...tokenless } = all
  const rest = isBots ? tokenless : all
  const isUnscoped = unscopedTokenPrefix !== undefined && `${found.access_token}`.startsWith(unscopedTokenPrefix)
  const scope = isUnscoped ? undefined : named
  return {
    isError: false,
    tokens: {
      ...rest,
      ...defined({ token_type: type, scope }),
      ...(typeof type === 'string' && bearerTypes.includes(type) && { token_type: 'bearer' }),
      ...(typeof scope === 'string' && scopeSeparator === ',' && { scope: scope.split(',').join(' ') }),
    },
  }
}

/** Asks a provider without RFC 7009 to end a grant. @returns whether it accepted that */
async function revocationRequest(
  { profile }: CheckedConnection,
  revocation: RevocationRequest,
  accessToken: string,
  { fetch, clock, timeoutMs, signal }: Surroundings & Pick<RequestOptions, 'signal'>,
): Promise<boolean> {
  const { clientId, clientAuthentication } = profile
  const secret = 'clientSecret' in clientAuthentication ? clientAuthentication.clientSecret : ''
  const url = revocation.url.replace('{client_id}', encodeURIComponent(clientId))
  const rules = { fetch, now: () => clock.now(), allowInsecureLoopback: profile[allowInsecureLoopback] === true }
  const request = {
    method: revocation.method,
    headers: {
      authorization:
        revocation.authorization === 'client' ? `Basic ${btoa(`${clientId}:${secret}`)}` : `Bearer ${accessToken}`,
      accept: 'application/json',
      'user-agent': 'behalf',
      ...(revocation.tokenField !== undefined && { 'content-type': 'application/json' }),
    },
    ...(revocation.tokenField !== undefined && { body: JSON.stringify({ [revocation.tokenField]: accessToken }) }),
  }
  return withinDeadline({ timeoutMs, signal }, async (ending) => {
    const response = await boundedRequest(rules, url, { ...request, signal: ending })
    if (!response.ok) return false
    // Some providers refuse with status 200.
    const answer: unknown = await response.json().catch(() => undefined)
    return !(typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false)
  })
}

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

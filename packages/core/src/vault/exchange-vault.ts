import type { UserIdentity } from '../base/contract/index.ts'
import { type AnyBehalfError, BehalfError, ConfigurationError, InvalidResponseError } from '../base/errors/index.ts'
import type { Fetch } from '../base/ports.ts'
import { parsedJson, refuseUnknownKeys } from '../base/values/index.ts'
import { redactTokens, revealToken, Token } from '../credential/index.ts'
import { type SubjectToken, subjectTokenOf } from '../identity/subject-token.ts'
import { unverifiedClaims } from '../oauth/jwt/read-claims.ts'
import { allowInsecureLoopback } from '../oauth/profiles/profile.ts'
import { boundedRequest, withinDeadline } from '../oauth/requests/bounded-request.ts'
import type { GrantParameters, TokenResponse } from '../oauth/server.ts'
import { checkNewToken } from '../oauth/tokens/new-tokens.ts'
import { readTokenResponse } from '../oauth/wire.ts'
import {
  connectPageUrl,
  requestOf,
  type Vault,
  type VaultAnswer,
  type VaultContext,
  type VaultRequest,
} from './vault.ts'
import { accessTokenType, brokerExchangeRequest, tokenExchangeGrant } from './wire.ts'

/** Reason why a broker gives no token. */
export type BrokerReason = Exclude<VaultAnswer['status'], 'token'>

/**
 * The broker's own endpoint, which is called with the user's access token. Its answer is a token answer, in JSON or as
 * a form.
 */
export interface BrokerEndpoint {
  /**
   * Returns the address of the endpoint, at the user's own authorization server: the user's token is sent nowhere else.
   */
  readonly url: (wanted: { readonly issuer: string; readonly connection: string }) => string
  /** Maps an answer other than 2xx to a reason. @default 401 is `login_required`, all else `misconfigured` */
  readonly reasonOf?: (status: number, error: string | undefined) => BrokerReason | undefined
  /**
   * Returns the time at which the token expires, in epoch seconds. For a broker that returns answers as it stored them:
   * their `expires_in` counts from then. `undefined`: not known, so the token is not cached.
   * @default `expires_in` from now
   */
  readonly endOf?: (answer: Readonly<Record<string, unknown>>) => number | undefined | Promise<number | undefined>
}

/** Options of `exchangeVault`. */
export interface ExchangeVaultOptions {
  /** RFC 8693 at the token endpoint, or an endpoint such as {@link keycloakBroker}. @default 'token-exchange' */
  readonly broker?: 'token-exchange' | BrokerEndpoint
  /**
   * Further parameters of an exchange, such as `requested_issuer`. If a policy names an account, they must send it.
   * Otherwise the policy is `misconfigured`.
   * @default `audience`: the connection's name
   */
  readonly parameters?: (request: Omit<VaultRequest, 'refused'>) => Readonly<Record<string, string>>
  /** Reasons by OAuth error code of an exchange, beyond those of RFC 8693. */
  readonly reasons?: Readonly<Record<string, BrokerReason>>
  /** @default the token behind the verified identity */
  readonly subjectToken?: (identity: UserIdentity) => SubjectToken | undefined
  /** Page of the app on which users connect accounts. Absent: interrupts name no page. */
  readonly connectPage?: string
  /** The app's own fetch, for an endpoint. @default the global fetch */
  readonly fetch?: Fetch
}

const optionKeys = ['broker', 'parameters', 'reasons', 'subjectToken', 'connectPage', 'fetch']

/**
 * Keycloak's stored tokens of identity providers: `Store tokens` is on for the provider, and the user's access token
 * has the role `read-token` of the client `broker`.
 *
 * @see {@link https://www.keycloak.org/docs/latest/server_development/#retrieving-external-idp-tokens | Keycloak: external tokens}
 */
export const keycloakBroker: BrokerEndpoint = Object.freeze<BrokerEndpoint>({
  url: ({ issuer, connection }) => `${issuer.replace(/\/$/, '')}/broker/${encodeURIComponent(connection)}/token`,
  reasonOf: (status, error) => {
    if (status === 401) return 'login_required'
    // The user has no such link, or it was made before the broker stored tokens.
    if (status === 400 || status === 404) return 'not_connected'
    return status === 403 && error === 'invalid_token' ? 'must_reconnect' : undefined
  },
  endOf: async ({ accessTokenExpiration, access_token: token }) => {
    // 0 means that the provider gave no expiry.
    if (typeof accessTokenExpiration === 'number' && accessTokenExpiration > 0) return accessTokenExpiration
    const claims = typeof token === 'string' ? await unverifiedClaims(token) : undefined
    return typeof claims?.exp === 'number' ? claims.exp : undefined
  },
})

/**
 * A vault over any broker that gives a user's upstream tokens: by RFC 8693, or by an endpoint of its own.
 *
 * Links no account. Does not retry and does not cache. Drops the broker's refresh token.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2 | RFC 8693 §2}
 */
export function exchangeVault(options: ExchangeVaultOptions = {}): Vault {
  refuseUnknownKeys('exchangeVault', options, optionKeys)
  const {
    broker = 'token-exchange',
    subjectToken = subjectTokenOf,
    fetch = (input, init) => globalThis.fetch(input, init),
  } = options
  if (broker !== 'token-exchange' && typeof broker?.url !== 'function') {
    throw new ConfigurationError('exchangeVault.broker', "give 'token-exchange', or an endpoint such as keycloakBroker")
  }
  const ask = broker === 'token-exchange' ? exchange(options) : endpoint(broker, fetch)
  // Otherwise the call would get the token of another account of the user, without an error.
  const canChoose = broker === 'token-exchange' && options.parameters !== undefined
  const reasons = { ...options.reasons }
  return Object.freeze({
    specificationVersion: 1,
    async token(given: VaultRequest, { ...context }: VaultContext): Promise<VaultAnswer> {
      const request = requestOf(given)
      if (request.account !== undefined && !canChoose) {
        return {
          status: 'misconfigured',
          detail:
            'the policy names an account, and this broker cannot choose: leave `account` out, or send it by the `parameters` of an exchange',
        }
      }
      const subject = subjectToken(request.identity)
      if (subject === undefined) return { status: 'login_required', detail: 'the identity came without a token' }
      try {
        const response = await ask(request, subject, context)
        if ('status' in response) return response
        checkNewToken(response, { handedIn: [subject.token] })
        return answerOf(request, response, context.now)
      } catch (error) {
        return faultOf(error, reasons)
      }
    },
    connectUrl: connectPageUrl('exchangeVault.connectPage', options.connectPage),
  })
}

/** A token, and its expiry in epoch seconds, if known. */
interface BrokeredToken extends TokenResponse {
  readonly endsAt: number | undefined
}

type Ask = (request: VaultRequest, subject: SubjectToken, context: VaultContext) => Promise<BrokeredToken | VaultAnswer>

const withEnd = (response: TokenResponse, now: number): BrokeredToken => ({
  ...response,
  endsAt: response.expiresIn === undefined ? undefined : Math.floor(now / 1000) + response.expiresIn,
})

function exchange({ parameters = ({ connection }) => ({ audience: connection }) }: ExchangeVaultOptions): Ask {
  return async (request, subject, { authorizationServers, signal, now }) => {
    const form: GrantParameters = { ...parameters(request), ...brokerExchangeRequest(request, subject) }
    const response = await authorizationServers.of(request.identity.issuer).grant(tokenExchangeGrant, form, { signal })
    checkNewToken(response, { handedIn: [], issuedTokenType: accessTokenType })
    // RFC 6749 §5.1: absent means as requested.
    const { scopes = request.scopes } = response
    return withEnd({ ...response, scopes }, now)
  }
}

function endpoint({ url: urlOf, reasonOf = () => undefined, endOf }: BrokerEndpoint, fetch: Fetch): Ask {
  return async ({ identity, connection }, subject, { authorizationServers, signal, now }) => {
    const { profile } = authorizationServers.of(identity.issuer)
    if (subject.type !== 'access_token') {
      return {
        status: 'misconfigured',
        detail: `the broker is asked with an access token, not with an ${subject.type}`,
      }
    }
    const url = urlOf({ issuer: identity.issuer, connection })
    if (!URL.canParse(url) || new URL(url).origin !== new URL(identity.issuer).origin) {
      return { status: 'misconfigured', detail: "the broker's endpoint is not at the user's own authorization server" }
    }
    const rules = { fetch, now: () => now, allowInsecureLoopback: profile[allowInsecureLoopback] === true }
    const headers = { authorization: `Bearer ${revealToken(subject.token)}`, accept: 'application/json' }
    return withinDeadline({ timeoutMs: 10_000, signal }, async (ending) => {
      const response = await boundedRequest(rules, url, { headers, signal: ending })
      const body = membersOf(await response.text())
      // A broker may repeat the token in its error.
      if (!response.ok) return refusalOf(response.status, redactTokens(body, [subject.token]), reasonOf)
      const answered = withEnd(readTokenResponse({ token_type: 'Bearer', ...body }), now)
      return endOf === undefined ? answered : { ...answered, endsAt: await endOf(body) }
    })
  }
}

function refusalOf(
  code: number,
  body: Readonly<Record<string, unknown>>,
  reasonOf: NonNullable<BrokerEndpoint['reasonOf']>,
): VaultAnswer {
  const error = typeof body.error === 'string' ? body.error : undefined
  const status = reasonOf(code, error) ?? (code === 401 ? 'login_required' : 'misconfigured')
  return { status, detail: `the broker answered ${code} ${JSON.stringify(error ?? '').slice(0, 100)}` }
}

/** Reads JSON, or a form as GitHub answers and brokers keep it: there, commas separate scopes, and numbers are text. */
function membersOf(text: string): Readonly<Record<string, unknown>> {
  const json = parsedJson(text)
  if (json !== undefined) {
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {}
  }
  const form = Object.fromEntries(new URLSearchParams(text))
  return { ...form, ...(form.scope !== undefined && { scope: form.scope.split(',').join(' ') }) }
}

function answerOf(request: VaultRequest, response: BrokeredToken, now: number): VaultAnswer {
  const { accessToken, tokenType, endsAt, scopes } = response
  if (tokenType !== 'bearer')
    throw new InvalidResponseError('the broker gave a token that is not Bearer; it was dropped')
  const missing = scopes === undefined ? [] : request.scopes.filter((scope) => !scopes.includes(scope))
  if (missing.length > 0)
    return { status: 'needs_scopes', detail: `the account was linked without ${missing.join(', ')}` }
  if (endsAt !== undefined && endsAt <= now / 1000) {
    return { status: 'must_reconnect', detail: 'the stored token of the broker has expired' }
  }
  return {
    status: 'token',
    token: new Token(accessToken),
    ...(endsAt !== undefined && { expiresAt: endsAt }),
    // The request to an endpoint names no scopes: without scopes in the answer, they are unknown.
    ...(scopes !== undefined && { scopes }),
  }
}

const known: Readonly<Record<string, BrokerReason>> = {
  // RFC 8693 §2.2.2 has the first for a subject token that does not serve.
  invalid_grant: 'login_required',
  invalid_token: 'login_required',
  login_required: 'login_required',
  interaction_required: 'login_required',
  temporarily_unavailable: 'unavailable',
  server_error: 'unavailable',
  // Broker errors for a link that does not exist, or no longer exists.
  not_linked: 'not_connected',
  token_expired: 'must_reconnect',
}

/**
 * Returns the refusal of an error. An outage never becomes a prompt; an unknown error is `misconfigured`.
 * @throws An error that is no expected refusal.
 */
function faultOf(error: unknown, reasons: NonNullable<ExchangeVaultOptions['reasons']>): VaultAnswer {
  if (!BehalfError.isInstance(error)) throw error
  const fault = error as AnyBehalfError
  const { message: detail } = fault
  const retryAfter = 'retryAfter' in fault ? fault.retryAfter : undefined
  const again = { detail, ...(retryAfter !== undefined && { retryAfter }) }
  if (fault.code === 'ERR_TRANSPORT') return { status: 'unavailable', ...again }
  if (fault.code !== 'ERR_OAUTH_RESPONSE') throw error
  const table = Object.hasOwn(reasons, fault.error) ? reasons : known
  const status = Object.hasOwn(table, fault.error) ? table[fault.error] : undefined
  return status === 'unavailable' ? { status, ...again } : { status: status ?? 'misconfigured', detail }
}

import type { UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError, IdentityRequiredError, InvalidResponseError } from '../../base/errors/index.ts'
import type { Store } from '../../base/ports.ts'
import { copyOf, randomSecret, refuseUnknownKeys, sha256 } from '../../base/values/index.ts'
import { createCredential, type ProofKey, redactTokens, type Token } from '../../credential/index.ts'
import { type PresentUser, presenceIn } from '../../identity/present-user.ts'
import { boundedRequest, withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { type RequestOptions, type Surroundings, type SurroundingsOptions, surroundingsOf } from '../../oauth/server.ts'
import { openStoreKeys, type StoreKeys } from '../../records/index.ts'
import type {
  AccountLinker,
  CompleteAnswer,
  ConnectAnswer,
  DisconnectAnswer,
  LinkedAccount,
} from '../account-linker.ts'
import { asPresent, loginRequiredAnswer, undoneUnlessPresent } from '../as-present.ts'
import { faultAnswer, redeemAnswer } from '../fault-answer.ts'
import { accountOwner } from '../stored/account-record.ts'
import { type ConnectAttempt, ConnectAttempts, refuse } from '../stored/connect-attempts.ts'
import {
  completeRequest,
  connectRequest,
  problemTitle,
  readConnections,
  readConnectStarted,
  readLinkedAccount,
  readLinkedAccounts,
} from './my-account-wire.ts'

/** Token that opens the My Account API for one user. */
export interface MyAccountToken {
  /** Access token for the My Account API. Secret. */
  readonly token: Token
  /** The key to which the token is bound, if there is one. */
  readonly dpop?: ProofKey
}

/** The Auth0 tenant, and the store of the connect flows under way. */
export interface Auth0ConnectedAccountsOptions extends SurroundingsOptions {
  /** The tenant's domain or its custom domain, without scheme: `tenant.eu.auth0.com`. */
  readonly domain: string
  /**
   * Returns the user's own access token for `https://{domain}/me/`, with the scopes `create`, `read` and
   * `delete:me:connected_accounts`. `undefined`: the user must log in for it.
   */
  readonly token: (identity: UserIdentity) => MyAccountToken | undefined | Promise<MyAccountToken | undefined>
  /** Store of the connect flows under way. Pass the guard's own store, so that a revoked user cannot link or unlink. */
  readonly store: Store
  /** The guard's keys. Required with a durable store. */
  readonly keys?: StoreKeys
}

const optionKeys = ['domain', 'token', 'store', 'keys', 'clock', 'fetch', 'timeoutMs']

/** Maximum number of pages: enough for more accounts than any user has. */
const MAX_PAGES = 20

/**
 * Links accounts to a user's token vault through Auth0's My Account API (Connected Accounts).
 *
 * Disconnecting does not revoke tokens at the provider, since Auth0 does not. The result says so.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://auth0.com/docs/manage-users/my-account-api | Auth0: My Account API}
 */
export function auth0ConnectedAccounts(options: Auth0ConnectedAccountsOptions): AccountLinker {
  refuseUnknownKeys('auth0ConnectedAccounts', options, optionKeys)
  const { domain, token, keys } = options
  if (
    typeof domain !== 'string' ||
    !URL.canParse(`https://${domain}/`) ||
    new URL(`https://${domain}/`).host !== domain
  ) {
    throw new ConfigurationError('auth0ConnectedAccounts.domain', 'give the bare domain, such as tenant.eu.auth0.com')
  }
  if (typeof token !== 'function') throw new ConfigurationError('auth0ConnectedAccounts.token', 'give a function')
  const opened = openStoreKeys(options.store, keys)
  const surroundings = surroundingsOf('auth0ConnectedAccounts', options)
  const api = new MyAccount(`https://${domain}`, token, surroundings)
  const attempts = new ConnectAttempts(opened, surroundings.clock)
  const presence = presenceIn(options.store, keys, surroundings.clock)
  return Object.freeze<AccountLinker>({
    specificationVersion: 1,
    available: async (identity, request = {}) => readConnections(await api.read(identity, 'connections', request)),
    list: (identity, { ...request } = {}) => api.list(identity, request),
    // Copied, here and below: an app may reuse the object for the next user.
    connect: ({ identity, connection, redirectUri, browser, returnTo, ...others }, { ...request } = {}) => {
      const scopes = copyOf(others.scopes)
      return asPresent(identity, presence, async (user): Promise<ConnectAnswer> => {
        try {
          const [state, codeVerifier] = [randomSecret(), randomSecret()]
          const wanted = { connection, redirectUri, state, scopes, codeChallenge: await sha256(codeVerifier) }
          const answer = await api.send(
            identity,
            { method: 'POST', path: 'connect', body: connectRequest(wanted) },
            request,
          )
          if (answer.status !== 201) return connectRefused(answer)
          const { authSession, url, expiresInSeconds } = readConnectStarted(answer.body)
          if (new URL(url).protocol !== 'https:')
            return { status: 'misconfigured', detail: 'the connect URI is not https:' }
          const kept = { connection, scopes: [...(scopes ?? [])], redirectUri, codeVerifier, nonce: '', authSession }
          await attempts.begin(user, browser, { ...kept, ...(returnTo !== undefined && { returnTo }) }, state)
          return { status: 'started', url, state, expiresInSeconds }
        } catch (error) {
          return loginRequiredAnswer(error) ?? faultAnswer(error)
        }
      })
    },
    complete: ({ parameters, ...others }, { ...options } = {}) => {
      const request = { ...others, parameters: new URLSearchParams(parameters) }
      return asPresent(request.identity, presence, async (user) => {
        const claimed = await attempts.claim(user, request)
        if (claimed.status === 'refused') return claimed
        const { returnTo } = claimed.attempt
        const answer = await complete(api, user, { ...claimed, parameters: request.parameters }, options).catch(
          (error: unknown) => loginRequiredAnswer(error) ?? redeemAnswer(error),
        )
        return { ...answer, ...(returnTo !== undefined && { returnTo }) }
      })
    },
    disconnect: (identity, { account }, { ...request } = {}) =>
      asPresent(identity, presence, async (): Promise<DisconnectAnswer> => {
        // In a path, these would lead to another address, even if they are encoded.
        if (['', '.', '..'].includes(account)) return { status: 'not_found', detail: 'no account has this id' }
        try {
          const answer = await api.delete(identity, account, request)
          if (answer.status === 404) return { status: 'not_found', detail: 'this account is not linked' }
          if (answer.status < 300) return { status: 'disconnected', revoked: false }
          return { status: 'misconfigured', detail: `Auth0 answered ${answer.status}: ${problemTitle(answer.body)}` }
        } catch (error) {
          return loginRequiredAnswer(error) ?? faultAnswer(error)
        }
      }),
  })
}

async function complete(
  api: MyAccount,
  user: PresentUser,
  { attempt, parameters }: { readonly attempt: ConnectAttempt; readonly parameters: URLSearchParams },
  options: RequestOptions,
): Promise<CompleteAnswer> {
  const { authSession = '', redirectUri, codeVerifier } = attempt
  const error = parameters.get('error')
  if (error === 'access_denied') return refuse('declined', 'the person declined')
  const codes = parameters.getAll('connect_code')
  const [connectCode] = codes
  if (error !== null || codes.length !== 1 || !connectCode)
    return refuse('provider', 'the answer holds no connect code')
  const body = completeRequest({ authSession, connectCode, redirectUri, codeVerifier })
  const { identity } = user
  const answer = await api.send(identity, { method: 'POST', path: 'complete', body }, options)
  if (answer.status === 201) {
    const account = readLinkedAccount(answer.body)
    const undone = await undoneUnlessPresent(user, () => api.delete(identity, account.id, options))
    return undone ?? { status: 'connected', account }
  }
  if (answer.status === 403)
    return { status: 'misconfigured', detail: `Auth0 answered 403: ${problemTitle(answer.body)}` }
  return refuse('provider', `Auth0 answered ${answer.status}: ${problemTitle(answer.body)}`)
}

function connectRefused({ status, body }: ApiAnswer): ConnectAnswer {
  const detail = `Auth0 answered ${status}: ${problemTitle(body)}`
  return status === 404 ? { status: 'unknown_connection', detail } : { status: 'misconfigured', detail }
}

interface ApiAnswer {
  readonly status: number
  readonly body: unknown
}

/** The part of the My Account API that is about connected accounts. */
class MyAccount {
  readonly #origin: string
  readonly #token: Auth0ConnectedAccountsOptions['token']
  readonly #surroundings: Surroundings

  constructor(origin: string, token: Auth0ConnectedAccountsOptions['token'], surroundings: Surroundings) {
    this.#origin = origin
    this.#token = token
    this.#surroundings = surroundings
  }

  async list(identity: UserIdentity, options: RequestOptions): Promise<readonly LinkedAccount[]> {
    const all: LinkedAccount[] = []
    let path = 'accounts'
    for (let page = 0; page < MAX_PAGES; page++) {
      const { accounts, next } = readLinkedAccounts(await this.read(identity, path, options))
      all.push(...accounts)
      if (next === undefined || next === '') return all
      path = `accounts?from=${encodeURIComponent(next)}`
    }
    return all
  }

  async read(identity: UserIdentity, path: string, options: RequestOptions): Promise<unknown> {
    const { status, body } = await this.send(identity, { method: 'GET', path }, options)
    if (status === 200) return body
    throw new InvalidResponseError(`Auth0 answered ${status}: ${problemTitle(body)}`)
  }

  /** @throws as `send` */
  delete(identity: UserIdentity, account: string, options: RequestOptions): Promise<ApiAnswer> {
    return this.send(identity, { method: 'DELETE', path: `accounts/${encodeURIComponent(account)}` }, options)
  }

  /** @throws IdentityRequiredError There is no token for this user, or it is no longer accepted. */
  async send(
    identity: UserIdentity,
    { method, path, body }: { readonly method: string; readonly path: string; readonly body?: object },
    { signal }: RequestOptions,
  ): Promise<ApiAnswer> {
    accountOwner(identity)
    const held = identity.issuer === `${this.#origin}/` ? await this.#token(identity) : undefined
    if (held === undefined) throw new IdentityRequiredError('there is no token of this user for the My Account API')
    const { fetch, clock, timeoutMs } = this.#surroundings
    const rules = { fetch, now: () => clock.now(), allowInsecureLoopback: false }
    const opened = createCredential({
      name: 'my-account',
      issued: { ...held, scopes: [] },
      origins: [this.#origin],
      fetch: (input, init = {}) => boundedRequest(rules, String(input), init),
      onRawToken: () => {},
    })
    const request = {
      method,
      headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }
    const url = `${this.#origin}/me/v1/connected-accounts/${path}`
    return withinDeadline({ timeoutMs, signal }, async (ending) => {
      const response = await opened.credential.fetch(url, { ...request, signal: ending })
      // The API may repeat the token in its error.
      const answer: unknown = redactTokens(await response.json().catch(() => undefined), [held.token])
      if (response.status !== 401) return { status: response.status, body: answer }
      throw new IdentityRequiredError(`the My Account API does not take the token: ${problemTitle(answer)}`)
    }).finally(() => opened.close())
  }
}

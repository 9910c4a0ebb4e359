import type { Actor, Credential } from '../base/contract/index.ts'
import { refusedByApi } from '../base/errors/first-call.ts'
import { CredentialMisuseError, HadNoEffect, StepUpRequiredError } from '../base/errors/index.ts'
import type { Fetch } from '../base/ports.ts'
import { asSdk } from '../base/process/shared-state.ts'
import { discardBody } from '../base/values/index.ts'
import { challengesOf, INSUFFICIENT_AUTHORIZATION, namesError, stepUpOf } from './challenges.ts'
import { type CheckedRequest, checkRequest } from './check-request.ts'
import { type IdempotencyKeys, isDefiniteRefusal, isSafeMethod } from './idempotency-header.ts'
import { type ProofKey, resourceNonces } from './proof-key.ts'
import { authorizationHeader, revealToken, type Token } from './token.ts'

/** A token, and the rights that were granted with it. */
export interface IssuedToken {
  readonly token: Token
  readonly scopes: readonly string[]
  /** True if the source did not name the token's scopes: `scopes` are the requested ones. */
  readonly hasUnknownScopes?: boolean
  /** Linked account of the token, if it is known. */
  readonly account?: string
  /** Time at which the token expires, in epoch seconds. */
  readonly expiresAt?: number
  /** The key that the token is bound to: each request proves it. Absent: a bearer token. */
  readonly dpop?: ProofKey
  /** The party that acts for the user, if the token names it and it could be verified. */
  readonly actor?: Actor
}

export interface CredentialOptions {
  /** Name of the credential in the policy. */
  readonly name: string
  readonly issued: IssuedToken
  /** Exact origins, as `originList` checked them. */
  readonly origins: readonly string[]
  readonly fetch: Fetch
  /** Ends every request of the call. */
  readonly signal?: AbortSignal | undefined
  /**
   * Returns a fresh token after an API refused a cached one, or `undefined` if there is no other token. Called at most
   * once. Absent: the token is never replaced, such as that of an approval (I6).
   */
  readonly refresh?: (() => Promise<IssuedToken | undefined>) | undefined
  /** The header for the call's idempotency key, on requests that write. Absent: no header is set. */
  readonly idempotencyHeader?: string | undefined
  /** The call's idempotency keys. Absent for a call that only reads. */
  readonly idempotencyKeys?: IdempotencyKeys | undefined
  /** Returns whether the running code acts for another principal than the call. Then nothing is sent. */
  readonly actsForAnother?: (() => boolean) | undefined
  /** Called before a body gets the raw token. If it throws, the body does not get the token. */
  readonly onRawToken: (name: string) => void | Promise<void>
  /** Called with the method of each request that may write, before it is sent. */
  readonly onUnsafe?: ((method: string) => void) | undefined
}

/** A credential and its controls, for the guard that made it. The body gets only `credential`. */
export interface OpenCredential {
  readonly credential: Credential
  /** Every token that the body may have seen, for redaction. */
  readonly tokens: readonly Token[]
  /** True if a request that may write was sent and not definitely refused, or the body got the raw token. */
  readonly mayHaveActed: boolean
  /** Stops all later requests of the credential. The call's signal, not this method, stops a request on its way. */
  close(): void
}

/**
 * Makes a credential: a `fetch` that adds the token to requests to its origins, and to no others (I6).
 *
 * Does not follow redirects, does not read bodies, and promises nothing about the API's behaviour. Returns a refusal as
 * the plain `Response`, except for a challenge that demands more (E5).
 */
export function createCredential(options: CredentialOptions): OpenCredential {
  return new BoundCredential(options)
}

class BoundCredential implements OpenCredential {
  readonly credential: Credential
  readonly #options: CredentialOptions
  #issued: IssuedToken
  #closed = false
  /** Requests that may write, for which no definite refusal has come. */
  #unrefused = 0
  #isRevealed = false
  #renewal: Promise<IssuedToken | undefined> | undefined

  constructor(options: CredentialOptions) {
    this.#options = options
    this.#issued = options.issued
    // A getter cannot be absent, as the contract's optional field can.
    this.credential = new BodyCredential(this) as Credential
  }

  get issued(): IssuedToken {
    return this.#issued
  }

  get tokens(): readonly Token[] {
    return [...new Set([this.#options.issued.token, this.#issued.token])]
  }

  get mayHaveActed(): boolean {
    return this.#isRevealed || this.#unrefused > 0
  }

  close(): void {
    this.#closed = true
  }

  async send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    return this.#exchange(this.#checked(input, init), init)
  }

  #checked(input: string | URL | Request, init: RequestInit): CheckedRequest {
    this.#refuseMisuse()
    const { name, origins, idempotencyHeader, idempotencyKeys } = this.#options
    const request = checkRequest(name, origins, input, init)
    if (idempotencyHeader !== undefined) idempotencyKeys?.mark(idempotencyHeader, request.method, request.headers)
    return request
  }

  async #exchange(request: CheckedRequest, init: RequestInit): Promise<Response> {
    const used = this.#issued
    const { response, challenges } = await this.#attempt(request, used, init)
    const isFinal = response.status !== 401 || namesError(challenges, INSUFFICIENT_AUTHORIZATION)
    if (isFinal || !request.replayable || this.#closed) return response
    const fresh = await this.#fresher(used)
    if (fresh === used || this.#closed) return response
    discardBody(response)
    return (await this.#attempt(request, fresh, init)).response
  }

  async sendOrThrow(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const request = this.#checked(input, init)
    // A request that only reads says nothing about what the body did before it.
    const isSafe = isSafeMethod(request.method)
    const response = await this.#exchange(request, init).catch((error: unknown) => {
      throw error instanceof StepUpRequiredError && !isSafe ? refusedByApi(error) : error
    })
    if (!isDefiniteRefusal(response.status)) return response
    discardBody(response)
    const cause = new Error(`the API refused a request of ${this.#options.name} with ${response.status}`)
    throw isSafe ? cause : refusedByApi(new HadNoEffect(cause))
  }

  async reveal<Result>(use: (token: string) => Result | Promise<Result>): Promise<Result> {
    this.#refuseMisuse()
    await asSdk(() => this.#options.onRawToken(this.#options.name))
    this.#refuseClosed()
    this.#isRevealed = true
    return use(revealToken(this.#issued.token))
  }

  /** Sends one request with one token. Sends it twice if the API only demands its nonce (RFC 9449 §9). */
  async #attempt(request: CheckedRequest, issued: IssuedToken, init: RequestInit) {
    let { response, newNonce } = await this.#once(request, issued, init)
    let challenges = await challengesOf(response)
    // RFC 9449 §9: refused only because the nonce was missing.
    if (newNonce && namesError(challenges, 'use_dpop_nonce') && request.replayable && !this.#closed) {
      discardBody(response)
      response = (await this.#once(request, issued, init)).response
      challenges = await challengesOf(response)
    }
    const stepUp = stepUpOf(challenges, this.#options.name)
    if (stepUp === undefined) return { response, challenges }
    discardBody(response)
    throw stepUp
  }

  async #once(
    { input, method, url, headers: given }: CheckedRequest,
    { token, dpop }: IssuedToken,
    init: RequestInit,
  ): Promise<{ response: Response; newNonce: boolean }> {
    const headers = new Headers(given)
    headers.set('authorization', authorizationHeader(token, dpop === undefined ? 'Bearer' : 'DPoP'))
    const nonces = dpop && resourceNonces(dpop)
    const nonce = nonces?.of(url)
    if (dpop !== undefined) {
      headers.set('dpop', await dpop.proof({ method, url, accessToken: token, ...(nonce !== undefined && { nonce }) }))
      // The call may have ended while the proof was signed.
      this.#refuseClosed()
    }
    const signal = this.#signal(input, init)
    signal?.throwIfAborted()
    const writes = !isSafeMethod(method)
    if (writes) {
      this.#unrefused++
      this.#options.onUnsafe?.(method)
    }
    const response = await this.#options.fetch(input, { ...init, headers, redirect: 'manual', signal })
    if (writes && isDefiniteRefusal(response.status)) this.#unrefused--
    return { response, newNonce: nonces?.adopt(url, response, nonce) === true }
  }

  /**
   * Combines the call's signal and the request's own. The call's signal may outlive many requests, and a `fetch` may
   * leave its listener on a signal. So each request gets a signal of its own that follows it.
   */
  #signal(input: string | Request, init: RequestInit): AbortSignal | null {
    const { signal } = this.#options
    const own = init.signal === undefined && input instanceof Request ? input.signal : init.signal
    return signal ? AbortSignal.any(own ? [signal, own] : [signal]) : (own ?? null)
  }

  /** Returns a token other than the refused one, if there is any. All requests of the call share one renewal. */
  async #fresher(refused: IssuedToken): Promise<IssuedToken> {
    if (this.#issued === refused) {
      // A renewal that fails leaves the API's own answer to the body.
      this.#renewal ??= this.#options.refresh?.().catch(() => undefined)
      this.#issued = (await this.#renewal) ?? refused
    }
    return this.#issued
  }

  #refuseMisuse(): void {
    this.#refuseClosed()
    if (this.#options.actsForAnother?.() !== true) return
    throw new CredentialMisuseError(
      'other_identity',
      `the credential ${this.#options.name} belongs to a call of another user: use it outside of this runAs`,
    )
  }

  #refuseClosed(): void {
    if (!this.#closed) return
    throw new CredentialMisuseError('call_ended', `the credential ${this.#options.name} was used after its call ended`)
  }
}

/** A credential for a body. The body cannot change it, and cannot read the token. */
class BodyCredential {
  readonly #bound: BoundCredential
  #fetch: Credential['fetch'] | undefined
  #send: Credential['send'] | undefined

  constructor(bound: BoundCredential) {
    this.#bound = bound
  }

  /** Bound, since bodies pass it to SDKs that take a `fetch`. Made at first use. */
  get fetch(): Credential['fetch'] {
    this.#fetch ??= (input, init) => asSdk(() => this.#bound.send(input, init))
    return this.#fetch
  }

  get send(): Credential['send'] {
    this.#send ??= (input, init) => asSdk(() => this.#bound.sendOrThrow(input, init))
    return this.#send
  }

  get scopes(): readonly string[] {
    // The list may be a cache's own.
    return Object.freeze(this.#bound.issued.scopes)
  }

  get expiresAt(): number | undefined {
    return this.#bound.issued.expiresAt
  }

  withToken<Result>(use: (token: string) => Result | Promise<Result>): Promise<Result> {
    return this.#bound.reveal(use)
  }
}

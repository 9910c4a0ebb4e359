import type { Credential } from '../contract/index.ts'
import { CredentialMisuseError } from '../errors/index.ts'
import type { Fetch } from '../ports/index.ts'
import { authorizationHeader } from './authorization-header.ts'
import { type CheckedRequest, checkRequest } from './check-request.ts'
import { stepUpOf } from './step-up.ts'
import { revealToken, type Token } from './token.ts'

/** A token, and what was granted with it. */
export interface IssuedToken {
  readonly token: Token
  readonly scopes: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt?: number
}

export interface CredentialOptions extends IssuedToken {
  /** As the policy names it. */
  readonly name: string
  /** Exact origins, as `originList` checked them. */
  readonly origins: readonly string[]
  readonly fetch: Fetch
  /** Ends every request of the call. */
  readonly signal?: AbortSignal | undefined
  /**
   * A fresh token after an API refused a cached one; `undefined` when there is none. Asked at most once.
   * Absent: the token is never replaced, as that of an approval (I6).
   */
  readonly refresh?: (() => Promise<IssuedToken | undefined>) | undefined
  /** Told before a body gets the raw token; when it throws, the body does not get it. */
  readonly onRawToken: (name: string) => void | Promise<void>
}

/** A credential in the hands of whoever made it: the guard. The body gets `credential` alone. */
export interface OpenCredential {
  readonly credential: Credential
  /** Every token that the body may have seen, for redaction. */
  readonly tokens: readonly Token[]
  /** From here on the credential sends nothing. A request on its way is not stopped: that is the signal's work. */
  close(): void
}

/**
 * Makes a credential: a `fetch` that puts the token on requests to its origins, and on no others (I6).
 *
 * Does not follow redirects, does not read bodies, and makes no promise about what the API does.
 * A refusal comes back as the plain `Response`, but for a challenge that asks for more (E5).
 */
export function createCredential(options: CredentialOptions): OpenCredential {
  return new BoundCredential(options)
}

class BoundCredential implements OpenCredential {
  readonly credential: Credential
  readonly #options: CredentialOptions
  #issued: IssuedToken
  #closed = false
  #renewal: Promise<IssuedToken | undefined> | undefined

  constructor(options: CredentialOptions) {
    this.#options = options
    this.#issued = options
    // A getter has no way to be absent, as the contract's optional field has.
    this.credential = new BodyCredential(this) as Credential
  }

  get issued(): IssuedToken {
    return this.#issued
  }

  get tokens(): readonly Token[] {
    const { token } = this.#options
    return this.#issued.token === token ? [token] : [token, this.#issued.token]
  }

  close(): void {
    this.#closed = true
  }

  async send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    this.#refuseClosed()
    const { name, origins } = this.#options
    const request = checkRequest(name, origins, input, init)
    const used = this.#issued
    const response = await this.#attempt(request, used, init)
    if (response.status !== 401 || !request.replayable || this.#closed) return response
    const fresh = await this.#fresher(used)
    if (fresh === undefined || this.#closed) return response
    await response.body?.cancel()
    return this.#attempt(request, fresh, init)
  }

  async reveal<Result>(use: (token: string) => Result | Promise<Result>): Promise<Result> {
    this.#refuseClosed()
    await this.#options.onRawToken(this.#options.name)
    this.#refuseClosed()
    return use(revealToken(this.#issued.token))
  }

  async #attempt(request: CheckedRequest, { token }: IssuedToken, init: RequestInit): Promise<Response> {
    const headers = new Headers(request.headers)
    headers.set('authorization', authorizationHeader(token))
    const signal = this.#signal(request, init)
    const response = await this.#options.fetch(request.input, { ...init, headers, redirect: 'manual', signal })
    const stepUp = await stepUpOf(response)
    if (stepUp === undefined) return response
    await response.body?.cancel()
    throw stepUp
  }

  /** The call's signal and the request's own. */
  #signal({ input }: CheckedRequest, init: RequestInit): AbortSignal | null {
    const { signal } = this.#options
    const own = init.signal === undefined && input instanceof Request ? input.signal : init.signal
    return signal && own ? AbortSignal.any([signal, own]) : (signal ?? own ?? null)
  }

  /** A token other than the refused one; all requests of the call share one renewal. */
  async #fresher(refused: IssuedToken): Promise<IssuedToken | undefined> {
    if (this.#issued === refused) {
      // A renewal that fails leaves the API's own answer to the body.
      this.#renewal ??= this.#options.refresh?.().catch(() => undefined)
      this.#issued = (await this.#renewal) ?? refused
    }
    return this.#issued === refused ? undefined : this.#issued
  }

  #refuseClosed(): void {
    if (!this.#closed) return
    throw new CredentialMisuseError('call_ended', `the credential ${this.#options.name} was used after its call ended`)
  }
}

/** What a body holds. Nothing of it can be set, and the token is not within its reach. */
class BodyCredential {
  readonly #bound: BoundCredential
  #fetch: Credential['fetch'] | undefined

  constructor(bound: BoundCredential) {
    this.#bound = bound
  }

  /** Bound, since it is handed to SDKs that take a `fetch`; made at first use. */
  get fetch(): Credential['fetch'] {
    this.#fetch ??= (input, init) => this.#bound.send(input, init)
    return this.#fetch
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

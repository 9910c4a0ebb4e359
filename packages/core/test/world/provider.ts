import type { Bearer } from './events.ts'
import type { TokenObserver } from './issuer.ts'
import { json, type Received } from './network.ts'

/** A provider at which people have accounts, and its API. */
export const FILES = 'https://files.example'

/** What an access token holds, where the person agrees to all. */
export const fileScopes = ['files.read', 'files.write'] as const

/** What is wrong with the provider's next answer. */
export const providerFaults = ['provider refuses', 'provider html'] as const
export type ProviderFault = (typeof providerFaults)[number]

/** One consent of one person, for one of their accounts. */
interface Grant {
  readonly name: string
  readonly subject: string
  readonly account: string
  readonly scopes: readonly string[]
  isGone: boolean
}

/** Seconds. */
const LIFETIME = 300

/** Asks people for their consent, and gives tokens for their accounts. A refresh token is good for one use. */
export class Provider {
  readonly #observer: TokenObserver
  #number = 0
  readonly #codes = new Map<string, Grant>()
  readonly #access = new Map<string, Grant>()
  readonly #refresh = new Map<string, { readonly grant: Grant; isUsed: boolean }>()
  readonly faults: ProviderFault[] = []

  constructor(observer: TokenObserver) {
    this.#observer = observer
  }

  /** A person who was sent here agrees. @returns what their browser brings back, and the name of this consent. */
  agree(
    url: string,
    subject: string,
    account: string,
  ): { readonly parameters: URLSearchParams; readonly grant: string } {
    const asked = new URL(url).searchParams
    const code = this.#made('code')
    const name = `${account} of ${subject}, consent ${this.#number}`
    const scopes = (asked.get('scope') ?? '').split(' ')
    this.#codes.set(code, { name, subject, account, scopes, isGone: false })
    return { parameters: new URLSearchParams({ code, state: asked.get('state') ?? '' }), grant: name }
  }

  /** What a token stands for; `undefined` where this provider gave no such token. */
  whatIs(token: string): Bearer | undefined {
    const grant = this.#access.get(token)
    return grant && { subject: grant.subject, audience: FILES, scopes: grant.scopes, grant: grant.name }
  }

  /** @returns `undefined` for what its API is asked. */
  handle({ url, body }: Received): Response | undefined {
    const form = new URLSearchParams(body)
    switch (url.pathname) {
      case '/token':
        return form.get('grant_type') === 'refresh_token'
          ? this.#renew(form.get('refresh_token') ?? '')
          : this.#redeem(form.get('code') ?? '')
      case '/revoke': {
        const token = form.get('token') ?? ''
        const grant = this.#refresh.get(token)?.grant ?? this.#access.get(token)
        if (grant !== undefined) grant.isGone = true
        return new Response(null, { status: 200 })
      }
      default:
        return undefined
    }
  }

  #redeem(code: string): Response {
    const grant = this.#codes.get(code)
    this.#codes.delete(code)
    return this.#answer(grant, grant === undefined)
  }

  #renew(token: string): Response {
    const found = this.#refresh.get(token)
    if (found === undefined) return json(400, { error: 'invalid_grant' })
    this.#observer.used(token)
    const isOver = found.isUsed || found.grant.isGone
    found.isUsed = true
    return this.#answer(found.grant, isOver)
  }

  #answer(grant: Grant | undefined, isOver: boolean): Response {
    const [fault] = this.faults.splice(0, 1)
    if (fault !== undefined) this.#observer.erred(fault)
    if (grant === undefined || isOver || fault === 'provider refuses') {
      if (grant !== undefined) grant.isGone = true
      return json(400, { error: 'invalid_grant' })
    }
    return fault === 'provider html' ? new Response('<h1>Oops</h1>', { status: 200 }) : this.#give(grant)
  }

  #give(grant: Grant): Response {
    const accessToken = this.#made('files-access')
    const refreshToken = this.#made('files-refresh')
    this.#access.set(accessToken, grant)
    this.#refresh.set(refreshToken, { grant, isUsed: false })
    return json(200, {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: LIFETIME,
      scope: grant.scopes.join(' '),
      account: grant.account,
    })
  }

  #made(kind: string): string {
    const made = `${kind}-token-${++this.#number}.`
    this.#observer.issued(made)
    return made
  }
}

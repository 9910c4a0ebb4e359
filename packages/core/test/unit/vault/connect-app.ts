import { expect } from 'vitest'
import type { Identity } from '../../../src/base/contract/index.ts'
import { type ConnectAccountsOptions, connectAccounts } from '../../../src/vault/pages/connect-accounts.ts'
import { testClock } from '../runs/harness.ts'
import { type Provider, provider } from './provider.ts'
import { keys, user, world } from './world.ts'

export const clock = testClock()
export const providerAt = (port: number): Promise<Provider> => provider(`http://localhost:${port}`, () => clock.now())

export const BASE = 'https://app.example/connections'
/** Who is signed in, by session cookie. */
const people: Record<string, Identity> = {
  ann: user(),
  ann2: user('ann', { sessionId: 's-2' }),
  bob: user('bob'),
}

/** A browser: who is signed in, and the cookies that the handler set. */
class Browser {
  readonly #handler: (request: Request) => Promise<Response>
  readonly cookies = new Map<string, string>()
  person: string

  constructor(handler: (request: Request) => Promise<Response>, person: string) {
    this.#handler = handler
    this.person = person
  }

  async open(
    method: string,
    path: string,
    body?: Record<string, string> | URLSearchParams,
    headers: Record<string, string> = {},
  ) {
    const cookie = [`session=${this.person}`, ...[...this.cookies].map(([name, value]) => `${name}=${value}`)].join(
      '; ',
    )
    const json = body !== undefined && !(body instanceof URLSearchParams)
    const response = await this.#handler(
      new Request(path.startsWith('http') ? path : `${BASE}${path}`, {
        method,
        headers: {
          cookie,
          ...(method === 'POST' && { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' }),
          ...(json && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: json ? JSON.stringify(body) : body }),
      }),
    )
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';')
      const [name = '', value = ''] = pair.split('=')
      if (/Max-Age=0/.test(set)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  async start(body: Record<string, string> = {}): Promise<string> {
    const response = await this.open('POST', '/connect', { connection: 'crm', ...body })
    expect(response.status).toBe(200)
    return ((await response.json()) as { url: string }).url
  }

  /** Comes back from the provider. */
  back(parameters: URLSearchParams, connection = 'crm', headers: Record<string, string> = {}) {
    return this.open('GET', `/callback/${connection}?${parameters}`, undefined, headers)
  }
}

/** An app with the handler over an embedded vault, and browsers of its users. */
export function app(crm: Provider, options: Partial<ConnectAccountsOptions> = {}) {
  const inner = world(crm, { clock })
  const handler = connectAccounts({
    linker: inner.vault.accounts,
    identityOf: (request) => people[/session=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? ''],
    store: inner.store,
    keys,
    baseUrl: BASE,
    clock,
    ...options,
  })
  return { ...inner, handler, browser: (person = 'ann') => new Browser(handler, person) }
}

export const html = { accept: 'text/html' }

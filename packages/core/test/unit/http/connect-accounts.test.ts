import { beforeEach, describe, expect, test } from 'vitest'
import type { Identity } from '../../../src/contract/index.ts'
import { type ConnectAccountsOptions, connectAccounts } from '../../../src/http/index.ts'
import { testClock } from '../approvals/harness.ts'
import { useMsw } from '../authorization-server/mock-issuer.ts'
import { provider } from '../vault/provider.ts'
import { user, world } from '../vault/world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4810', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const BASE = 'https://app.example/connections'
const people: Record<string, Identity> = { ann: user(), ann2: user('ann', { sessionId: 's-2' }), bob: user('bob') }

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

function app(options: Partial<ConnectAccountsOptions> = {}) {
  const inner = world(crm, { clock })
  const handler = connectAccounts({
    linker: inner.vault.accounts,
    identityOf: (request) => people[/session=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? ''],
    baseUrl: BASE,
    clock,
    ...options,
  })
  return { ...inner, handler, browser: (person = 'ann') => new Browser(handler, person) }
}

const html = { accept: 'text/html' }

describe('the whole way', () => {
  test('start, provider, callback, list, disconnect', async () => {
    const connected: unknown[] = []
    const { browser, tokenOf } = app({ onConnected: ({ account }) => void connected.push(account.id) })
    const ann = browser()
    const url = await ann.start({ returnTo: '/chat?thread=7#end' })
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(`${BASE}/callback/crm`)
    const back = await ann.back(crm.codeFor(url))
    expect([back.status, back.headers.get('location')]).toEqual([
      303,
      'https://app.example/chat?thread=7&connected=crm#end',
    ])
    expect(back.headers.get('referrer-policy')).toBe('no-referrer')
    expect(ann.cookies.size).toBe(0)
    expect(connected).toEqual(['a-1'])
    expect(await tokenOf()).toMatch(/^access-/)
    const list = await (await ann.open('GET', '/accounts')).json()
    expect(list).toMatchObject({
      accounts: [{ id: 'a-1', connection: 'crm' }],
      connections: [{ name: 'crm', label: 'CRM' }],
    })
    expect(JSON.stringify(list)).not.toMatch(/access-|refresh-/)
    const gone = await ann.open('POST', '/disconnect', { connection: 'crm', account: 'a-1' })
    expect(await gone.json()).toEqual({ disconnected: true, revoked: true })
    expect(await tokenOf()).toBe('not_connected')
  })

  test('as forms on a page, without a script', async () => {
    const { browser } = app()
    const ann = browser()
    const page = await (await ann.open('GET', '', undefined, html)).text()
    expect(page).toContain('<button>Connect CRM</button>')
    const started = await ann.open('POST', '/connect', new URLSearchParams({ connection: 'crm' }))
    expect(started.status).toBe(303)
    const back = await ann.back(crm.codeFor(started.headers.get('location') ?? ''))
    expect(back.headers.get('location')).toBe(`${BASE}?connected=crm`)
    const after = await (await ann.open('GET', '?connected=crm', undefined, html)).text()
    expect(after).toContain('The account is connected.')
    expect(after).toContain('a-1@upstream.example')
    const off = await ann.open('POST', '/disconnect', new URLSearchParams({ connection: 'crm', account: 'a-1' }))
    expect([off.status, off.headers.get('location')]).toEqual([303, `${BASE}?done=disconnected`])
  })

  test('two flows in one browser do not disturb each other', async () => {
    const ann = app().browser()
    const [one, two] = [await ann.start(), await ann.start()]
    expect(ann.cookies.size).toBe(2)
    for (const url of [two, one])
      expect((await ann.back(crm.codeFor(url))).headers.get('location')).toContain('connected')
  })

  test('several accounts: the user chooses one', async () => {
    const { browser, tokenOf } = app()
    const ann = browser()
    await ann.back(crm.codeFor(await ann.start()))
    crm.state.account = 'a-2'
    await ann.back(crm.codeFor(await ann.start()))
    expect(await tokenOf()).toBe('choose_account')
    expect(await (await ann.open('GET', '', undefined, html)).text()).toContain('Use a-2@upstream.example')
    expect((await ann.open('POST', '/prefer', { connection: 'crm', account: 'a-2' })).status).toBe(200)
    expect(await tokenOf()).toMatch(/^access-/)
    expect((await ann.open('POST', '/prefer', { connection: 'crm', account: 'a-9' })).status).toBe(404)
  })
})

describe('open redirects', () => {
  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\/\\/evil.example/',
    '/\t/evil.example/',
    ' /chat',
    'javascript:alert(1)',
    '/..//evil.example',
    '/.//evil.example',
    'chat',
    '',
  ])('%j is refused before anything begins', async (returnTo) => {
    const ann = app().browser()
    const response = await ann.open('POST', '/connect', { connection: 'crm', returnTo })
    expect(response.status).toBe(400)
    expect(ann.cookies.size).toBe(0)
  })

  test('the page puts none of them into its forms', async () => {
    const ann = app().browser()
    const page = await (await ann.open('GET', '?returnTo=//evil.example/&connection=crm', undefined, html)).text()
    expect(page).not.toContain('evil')
    expect(await (await ann.open('GET', '?returnTo=/chat', undefined, html)).text()).toContain(
      'name="returnTo" value="/chat"',
    )
  })

  test('a linker that gives a bad one back leads nowhere', async () => {
    const { vault } = world(crm, { clock })
    const ann = app({
      linker: {
        ...vault.accounts,
        complete: async () => ({ status: 'refused', reason: 'declined', detail: '', returnTo: '//evil.example' }),
      },
    }).browser()
    expect((await ann.back(new URLSearchParams({ state: 'x' }))).headers.get('location')).toBe(
      `${BASE}?connect_error=declined&connection=crm`,
    )
  })
})

describe('CSRF', () => {
  const paths = [
    ['/connect', { connection: 'crm' }],
    ['/disconnect', { connection: 'crm', account: 'a-1' }],
    ['/prefer', { connection: 'crm', account: 'a-1' }],
  ] as const
  const strangers = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://sub.app.example', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://app.example.evil.example' },
  ]
  test.each(paths.flatMap(([path, body]) => strangers.map((headers) => [path, headers, body] as const)))(
    "POST %s from another site's page is refused: %j",
    async (path, headers, body) => {
      const { browser, tokenOf, link } = app()
      await link()
      const ann = browser()
      for (const sent of [body, new URLSearchParams(body)]) {
        const response = await browser().open('POST', path, sent, { 'sec-fetch-site': '', ...headers })
        expect(response.status).toBe(403)
      }
      expect(ann.cookies.size).toBe(0)
      expect(await tokenOf()).toMatch(/^access-/)
    },
  )

  test('a GET changes nothing', async () => {
    const ann = app().browser()
    for (const [path] of paths) expect((await ann.open('GET', path)).status).toBe(405)
    expect((await ann.open('POST', '/callback/crm', {})).status).toBe(405)
  })

  test('behind a proxy, the origins that the app names', async () => {
    const ann = app({ origins: ['https://pages.example'] }).browser()
    const body = { connection: 'crm' }
    expect((await ann.open('POST', '/connect', body)).status).toBe(403)
    expect(
      (await ann.open('POST', '/connect', body, { origin: 'https://pages.example', 'sec-fetch-site': 'same-site' }))
        .status,
    ).toBe(200)
  })
})

describe('session fixation', () => {
  test('a flow that another user began is not ended by whoever is sent its callback', async () => {
    const { browser, tokenOf } = app()
    const mallory = browser('bob')
    const theirs = crm.codeFor(await mallory.start())
    const ann = browser()
    const response = await ann.back(theirs)
    expect(response.status).toBe(403)
    expect(await tokenOf()).toBe('not_connected')
    // Not even with the cookie of that flow, planted somehow.
    for (const [name, value] of mallory.cookies) ann.cookies.set(name, value)
    expect((await ann.back(theirs)).status).toBe(403)
    expect(crm.forms).toHaveLength(0)
    expect((await mallory.back(theirs)).status).toBe(303)
  })

  test('nor in another session, nor in another browser of the same user', async () => {
    const { browser } = app()
    const ann = browser()
    const back = crm.codeFor(await ann.start())
    expect((await browser().back(back)).status).toBe(403)
    ann.person = 'ann2'
    expect((await ann.back(back)).status).toBe(403)
    ann.person = 'ann'
    expect((await ann.back(back)).status).toBe(303)
  })

  test('nor by nobody', async () => {
    const ann = app().browser()
    const back = crm.codeFor(await ann.start())
    ann.person = 'nobody'
    expect((await ann.back(back)).status).toBe(401)
  })

  test('the cookie is out of reach of scripts, subdomains and plain http', async () => {
    const ann = app().browser()
    const response = await ann.open('POST', '/connect', { connection: 'crm' })
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-behalf-connect-[\w-]{16}=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
  })
})

describe('mix-up', () => {
  test('an answer of another server is refused', async () => {
    const ann = app().browser()
    const back = await ann.back(crm.codeFor(await ann.start(), { iss: 'https://evil.example' }))
    expect(back.headers.get('location')).toBe(`${BASE}?connect_error=other_issuer&connection=crm`)
    expect(crm.forms).toHaveLength(0)
  })

  test("an answer at another connection's redirect URI is refused", async () => {
    const { browser, tokenOf } = app()
    const ann = browser()
    const back = await ann.back(crm.codeFor(await ann.start()), 'calendar')
    expect(back.headers.get('location')).toContain('connect_error=other_issuer')
    expect(crm.forms).toHaveLength(0)
    expect(await tokenOf()).toBe('not_connected')
  })
})

describe('what it answers', () => {
  test.each([
    ['GET', '/nonesuch', 404],
    ['GET', '/callback/', 404],
    ['GET', '/callback/a/b', 404],
    ['PUT', '/connect', 405],
    ['DELETE', '/accounts', 405],
  ])('%s %s: %i', async (method, path, status) => {
    expect((await app().browser().open(method, path)).status).toBe(status)
  })

  test('nobody gets nothing', async () => {
    const nobody = app().browser('nobody')
    expect((await nobody.open('GET', '/accounts')).status).toBe(401)
    expect((await nobody.open('POST', '/connect', { connection: 'crm' })).status).toBe(401)
    const page = await nobody.open('GET', '', undefined, html)
    expect([page.status, await page.text()]).toEqual([401, expect.stringContaining('Sign in first')])
  })

  test('an object that no verification made is nobody', async () => {
    const { browser } = app({ identityOf: () => ({ ...user() }) })
    expect((await browser().open('GET', '/accounts')).status).toBe(401)
  })

  test('unknown connections, scopes and bodies', async () => {
    const ann = app().browser()
    expect((await ann.open('POST', '/connect', { connection: 'x' })).status).toBe(404)
    expect((await ann.open('POST', '/connect', { connection: 'crm', scopes: 'admin' })).status).toBe(400)
    expect((await ann.open('POST', '/connect', {})).status).toBe(400)
    expect((await ann.open('POST', '/connect', new URLSearchParams('connection=crm&connection=x'))).status).toBe(400)
    expect((await ann.open('POST', '/connect', { connection: 'crm' }, { 'content-type': 'text/plain' })).status).toBe(
      400,
    )
    expect((await ann.open('POST', '/disconnect', { connection: 'crm', account: 'x' })).status).toBe(404)
  })

  test('a store that does not answer is 503', async () => {
    const { StoreError } = await import('../../../src/errors/index.ts')
    const { vault } = world(crm, { clock })
    const fail = async () => {
      throw new StoreError('unavailable', 'down')
    }
    const ann = app({ linker: { ...vault.accounts, list: fail, connect: fail, complete: fail } }).browser()
    expect((await ann.open('GET', '/accounts')).status).toBe(503)
    expect((await ann.open('POST', '/connect', { connection: 'crm' })).status).toBe(503)
    expect((await ann.back(new URLSearchParams({ state: 'x' }))).status).toBe(503)
  })

  test('mounted where a framework strips the path', async () => {
    const { handler } = app()
    const response = await handler(new Request('https://app.example/accounts', { headers: { cookie: 'session=ann' } }))
    expect(response.status).toBe(200)
  })

  test.each([
    ['connectAccounts.baseURL', { baseURL: BASE }],
    ['connectAccounts.baseUrl', { baseUrl: '/connections' }],
    ['connectAccounts.baseUrl', { baseUrl: 'http://app.example/x' }],
    ['connectAccounts.baseUrl', { baseUrl: `${BASE}?x=1` }],
    ['connectAccounts.linker', { linker: {} }],
    ['connectAccounts.identityOf', { identityOf: 'x' }],
    ['connectAccounts.origins[0]', { origins: ['app.example'] }],
  ])('%s is refused', (option, change) => {
    expect(() => app(change as never)).toThrow(`${option}: `)
  })
})

describe('the page', () => {
  test('works on a phone, for a screen reader, and without scripts', async () => {
    const { browser } = app()
    const ann = browser()
    await ann.back(crm.codeFor(await ann.start()))
    const response = await ann.open('GET', '?connect_error=declined', undefined, html)
    const page = await response.text()
    expect(page).toMatch(/^<!doctype html><html lang="en">/)
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(page).toContain('<main><h1>Connected accounts</h1>')
    expect(page).toContain('<p role="alert">')
    // Each button says by itself what it does and to which account.
    expect([...page.matchAll(/<button>([^<]+)<\/button>/g)].map((match) => match[1])).toEqual([
      'Disconnect a-1@upstream.example',
      'Connect CRM again, or another account',
    ])
    expect(page).not.toContain('<script')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    const nonce = /nonce-([\w-]+)/.exec(policy)?.[1]
    expect(page).toContain(`<style nonce="${nonce}">`)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('shows nothing as it came', async () => {
    crm.state.account = '<img src=x onerror=alert(1)>"\''
    const ann = app().browser()
    await ann.back(crm.codeFor(await ann.start()))
    const page = await (
      await ann.open('GET', '?connect_error=%3Cscript%3E&connection=%3Cb%3E&done=%3Ci%3E', undefined, html)
    ).text()
    expect(page).not.toMatch(/<img|<script|<b>|<i>/)
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;')
  })

  test('begins with what an interrupt asked for', async () => {
    const ann = app().browser()
    const page = await (await ann.open('GET', '?connection=crm&scopes=contacts.read%20admin', undefined, html)).text()
    expect(page).toContain('name="scopes" value="contacts.read"')
  })
})

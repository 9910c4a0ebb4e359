import { beforeEach, describe, expect, test } from 'vitest'
import type { ConnectAccountsOptions } from '../../../src/vault/pages/connect-accounts.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { app as appOf, BASE, clock, html, providerAt } from './connect-app.ts'
import { world } from './world.ts'

const crm = await providerAt(4811)
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const app = (options: Partial<ConnectAccountsOptions> = {}) => appOf(crm, options)

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
  test('a flow that another user began is not ended by a user who is sent its callback', async () => {
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

  test('nor by a visitor without a session', async () => {
    const ann = app().browser()
    const back = crm.codeFor(await ann.start())
    ann.person = 'unknown'
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

test('a cookie whose name only looks like the one of a flow does not count: any host of the domain can set it', async () => {
  const { browser, tokenOf } = app()
  const ann = browser()
  const back = crm.codeFor(await ann.start())
  const [[name = '', value = ''] = []] = [...ann.cookies]
  ann.cookies.delete(name)
  ann.cookies.set(`\u00a0${name}`, value)
  expect((await ann.back(back)).status).toBe(403)
  expect(await tokenOf()).toBe('not_connected')
  // Nor does it stand in the way of the one that does.
  ann.cookies.set(name, value)
  expect((await ann.back(back)).status).toBe(303)
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

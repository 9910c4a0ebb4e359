import { beforeEach, describe, expect, test } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { createGuard, memoryStore } from '../../../src/index.ts'
import type { ConnectAccountsOptions } from '../../../src/vault/pages/connect-accounts.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped } from '../runs/harness.ts'
import { app as appOf, BASE, clock, html, providerAt } from './connect-app.ts'
import { keys, user, world } from './world.ts'

const crm = await providerAt(4810)
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const app = (options: Partial<ConnectAccountsOptions> = {}) => appOf(crm, options)

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

  test('a visitor without a session gets nothing', async () => {
    const visitor = app().browser('unknown')
    expect((await visitor.open('GET', '/accounts')).status).toBe(401)
    expect((await visitor.open('POST', '/connect', { connection: 'crm' })).status).toBe(401)
    const page = await visitor.open('GET', '', undefined, html)
    expect([page.status, await page.text()]).toEqual([401, expect.stringContaining('Sign in first')])
  })

  test('an object that no verification made is not signed in', async () => {
    const { browser } = app({ identityOf: () => fieldsOf(user()) })
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
    const { StoreError } = await import('../../../src/base/errors/index.ts')
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
      'Connect CRM again as a-1@upstream.example',
      'Disconnect a-1@upstream.example',
      'Connect another CRM account',
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

  test('asks for the scopes of an interrupt and of the account that it names, and for no scopes of another account', async () => {
    const ann = app().browser()
    await ann.back(crm.codeFor(await ann.start()))
    const page = await (
      await ann.open('GET', '?connection=crm&scopes=contacts.read&account=a-1', undefined, html)
    ).text()
    const forms = [...page.matchAll(/<form method="post" action="[^"]*\/connect">(.*?)<\/form>/g)].map(
      ([, form]) => form,
    )
    expect(forms).toEqual([
      expect.stringMatching(/name="account" value="a-1".*name="scopes" value="contacts.read".*again as/),
      expect.not.stringMatching(/name="scopes"|name="account"/),
    ])
  })

  test('begins with what an interrupt asked for', async () => {
    const ann = app().browser()
    const page = await (await ann.open('GET', '?connection=crm&scopes=contacts.read%20admin', undefined, html)).text()
    expect(page).toContain('name="scopes" value="contacts.read"')
  })
})

describe("whose access the guard's `revoke` ended", () => {
  async function revocable() {
    const store = memoryStore({ clock })
    const guard = createGuard({
      authorizationServer: oidc({ issuer: 'https://login.example', clientId: 'app', clientSecret: 's' }),
      agent: { name: 'agent:crm' },
      store,
      keys,
      clock,
    })
    return { ...app({ store }), guard }
  }

  test('is not signed in: nothing is shown, begun, ended or removed', async () => {
    const { guard, browser, link, tokenOf } = await revocable()
    await link()
    const ann = browser()
    const begun = crm.codeFor(await ann.start())
    await guard.revoke({ issuer: 'https://login.example', subject: 'ann' })
    expect((await ann.back(begun)).status).toBe(401)
    expect((await ann.open('POST', '/connect', { connection: 'crm' })).status).toBe(401)
    expect((await ann.open('POST', '/disconnect', { connection: 'crm', account: 'a-1' })).status).toBe(401)
    expect((await ann.open('POST', '/prefer', { connection: 'crm', account: 'a-1' })).status).toBe(401)
    clock.advance(6)
    expect((await ann.open('GET', '/accounts')).status).toBe(401)
    expect((await ann.open('GET', '', undefined, html)).status).toBe(401)
    expect((await browser('bob').open('GET', '/accounts')).status).toBe(200)
    // A connection goes only when asked.
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('one session has ended; the other one of the same user goes on', async () => {
    const { guard, browser } = await revocable()
    await guard.revoke({ issuer: 'https://login.example', session: 's-1' })
    expect((await browser('ann').open('POST', '/connect', { connection: 'crm' })).status).toBe(401)
    expect((await browser('ann2').open('POST', '/connect', { connection: 'crm' })).status).toBe(200)
  })

  test('if that cannot be read, no user passes', async () => {
    const { StoreError } = await import('../../../src/base/errors/index.ts')
    const store = tapped(memoryStore({ clock }), (operation, _key, next) => {
      if (operation === 'get') throw new StoreError('unavailable', 'down')
      return next()
    })
    const ann = app({ store }).browser()
    expect((await ann.open('GET', '/accounts')).status).toBe(503)
    expect((await ann.open('POST', '/connect', { connection: 'crm' })).status).toBe(503)
  })

  test('a handler without the store that says it is refused', () => {
    expect(() => app({ store: undefined as never })).toThrow('store: ')
  })
})

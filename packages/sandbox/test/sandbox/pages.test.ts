import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { authorize, browser, openLogin, REDIRECT } from './login-http.ts'
import { askBy } from './phone-http.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())

const app = () => openLogin(sandbox.settings.issuer, sandbox.settings.clientId)

test('a login by page ends at the app, with a code', async () => {
  const { page, post, go } = await app()
  expect(page).toContain('Ann Archer')
  const back = await post({ subject: 'ann' })
  const end = await go(back.headers.get('location') ?? '')
  const answer = new URL(end.headers.get('location') ?? '')
  expect(answer.origin + answer.pathname).toBe(REDIRECT)
  expect(answer.searchParams.get('code')).toMatch(/\w+/)
  expect(answer.searchParams.get('iss')).toBe(sandbox.settings.issuer)
})

test('a login page shows the name of a client that registered itself, and its id', async () => {
  const response = await fetch(`${sandbox.settings.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Notes client',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    }),
  })
  const { client_id: id } = (await response.json()) as { readonly client_id: string }
  expect((await openLogin(sandbox.settings.issuer, id)).page).toContain(`<strong>Notes client (${id})</strong>`)
})

test.each([
  ['another origin', 'http://127.0.0.1:3000', {}],
  ['no token', undefined, { csrf: '' }],
  ['the token of another login', undefined, { csrf: 'x'.repeat(43) }],
])('an answer with %s does not count', async (_what, origin, fields) => {
  const { post } = await app()
  const response = await post({ subject: 'ann', ...fields }, origin)
  expect([response.status, response.headers.get('location')]).toEqual([403, null])
})

test('an answer from another browser does not count: the interaction is that of a cookie', async () => {
  const { url, csrf } = await app()
  const body = new URLSearchParams({ csrf, subject: 'ann' })
  const stranger = await fetch(url, { method: 'POST', headers: { origin: sandbox.settings.issuer }, body })
  expect(stranger.status).toBe(400)
})

test('the cookie of one login opens the page of no other', async () => {
  const begun = await authorize(browser(), sandbox.settings.issuer, sandbox.settings.clientId)
  const cookie = begun.headers.getSetCookie().map((line) => line.split(';')[0])
  const path = new URL(begun.headers.get('location') ?? '', sandbox.settings.issuer).pathname
  const statusAt = async (place: string) =>
    (await fetch(`${sandbox.settings.issuer}${place}`, { headers: { cookie: cookie.join('; ') } })).status
  expect([await statusAt(path), await statusAt('/interaction/another')]).toEqual([200, 400])
})

test('an unknown user cannot sign in', async () => {
  const { post } = await app()
  expect((await post({ subject: 'mallory' })).status).toBe(400)
})

test('another site, or loopback by another name, is not a redirect URI', async () => {
  for (const redirect_uri of [
    'https://evil.example/callback',
    'http://127.0.0.1.evil.example/',
    'http://10.0.0.1/',
    'http://127.0.0.1:3000@evil.example/',
    'http://user:password@127.0.0.1:3000/',
    'http://127.0.0.1:3000/#part',
  ]) {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'stock-agent',
      scope: 'openid',
      redirect_uri,
    })
    const response = await fetch(`${sandbox.settings.issuer}/authorize?${query}`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  }
})

test('the upstream asks what may be given, and a no is told to the app', async () => {
  const { accountsClient, upstreamIssuer, api } = sandbox.settings
  const asked = { scope: 'openid offline_access portfolio:read', resource: api.resource }
  const { post, go } = await openLogin(upstreamIssuer, accountsClient.clientId, asked)
  const resumed = await go((await post({ subject: 'st-1001' })).headers.get('location') ?? '')
  const consent = new URL(resumed.headers.get('location') ?? '', upstreamIssuer).href
  const page = await (await go(consent)).text()
  expect(page).toContain('See your portfolio and orders')
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const body = new URLSearchParams({ csrf, answer: 'no' })
  const refused = await go(consent, { method: 'POST', headers: { origin: upstreamIssuer }, body })
  const end = await go(refused.headers.get('location') ?? '')
  const answer = new URL(end.headers.get('location') ?? '').searchParams
  expect([answer.get('error'), answer.get('code')]).toEqual(['access_denied', null])
})

test('a device is connected on a page, by the code that it shows', async () => {
  const { issuer } = sandbox.settings
  const started = await fetch(`${issuer}/oauth/device/code`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'stock-cli', scope: 'openid' }),
  })
  const { user_code: userCode = '' } = (await started.json()) as { readonly user_code?: string }
  const go = browser()
  const entry = await (await go(`${issuer}/activate`)).text()
  expect(entry).toContain('Enter the code')
  const field = (page: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
  const confirm = await go(`${issuer}/activate`, {
    method: 'POST',
    headers: { origin: issuer },
    body: new URLSearchParams({ xsrf: field(entry, 'xsrf'), user_code: userCode }),
  })
  expect(await confirm.text()).toContain('Is this your device?')
})

test('after a few wrong device codes of any user, a right one is refused too', async () => {
  const own = await startSandbox()
  onTestFinished(() => own.close())
  onTestFinished(() => void vi.useRealTimers())
  const { issuer } = own.settings
  const started = await fetch(`${issuer}/oauth/device/code`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'stock-cli', scope: 'openid' }),
  })
  const { user_code: right = '' } = (await started.json()) as { readonly user_code?: string }
  const guess = async (userCode: string, over = {}) => {
    const go = browser()
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(await (await go(`${issuer}/activate`)).text())?.[1] ?? ''
    const body = new URLSearchParams({ xsrf, user_code: userCode, ...over })
    const answer = await go(`${issuer}/activate`, { method: 'POST', headers: { origin: issuer }, body })
    return [answer.status, /Is this your device|is unknown|Too many/.exec(await answer.text())?.[0]]
  }
  // What another site's page sends is no guess, and neither is a right code.
  for (let sent = 0; sent < 12; sent++) await guess('AAAA-AAAA', { xsrf: 'x' })
  for (let sent = 0; sent < 12; sent++) expect(await guess(right)).toEqual([200, 'Is this your device'])
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_none, number) => guess(`AAAA-AAA${'BCDFGHJKLMNP'[number]}`)),
  )
  expect(answers.map(([status]) => status).toSorted()).toEqual([...Array(10).fill(200), 429, 429])
  expect(await guess(right)).toEqual([429, 'Too many'])
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  expect(await guess(right)).toEqual([200, 'Is this your device'])
})

test('who is signed in by a page is asked on their own phone', async () => {
  await askBy(sandbox, 'bob')
  expect(await sandbox.target.authorizationServer.controls.pendingRequests('ann')).toEqual([])
})

const ORDER = { type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 5000 }

/** A request for an order, by someone who has a session in this browser already. */
async function orderPage() {
  const { agentResource, clientId, issuer } = sandbox.settings
  const { go, post } = await app()
  await go((await post({ subject: 'ann' })).headers.get('location') ?? '')
  const asked = { resource: agentResource, authorization_details: JSON.stringify([ORDER]) }
  const { page, csrf, url } = await openLogin(issuer, clientId, asked, go)
  const answer = async (fields: Readonly<Record<string, string>>) => {
    const body = new URLSearchParams({ csrf, ...fields })
    const done = await go(url, { method: 'POST', headers: { origin: issuer }, body })
    const end = await go(done.headers.get('location') ?? '')
    return new URL(end.headers.get('location') ?? '').searchParams
  }
  return { page, answer, go, asked }
}

test('an order in an authorization request is shown before a code is given for it, and a no gives none', async () => {
  const { page, answer } = await orderPage()
  for (const shown of ['Buy AAPL', '5000 shares', 'p-ann']) expect(page).toContain(shown)
  expect((await answer({ answer: 'no' })).get('error')).toBe('access_denied')
})

test.each<[string, object, boolean]>([
  ['has the order that the page showed', {}, true],
  ['for which no detail is asked has none', { authorization_details: '[]' }, false],
])('a token %s', async (_name, fields, isThere) => {
  const { answer, asked } = await orderPage()
  const { clientId, clientSecret, issuer } = sandbox.settings
  const code = (await answer({ answer: 'yes' })).get('code') ?? ''
  const redeemed = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`,
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      ...fields,
    }),
  })
  const { access_token: token, authorization_details: details } = (await redeemed.json()) as Record<string, unknown>
  expect(token).toBeTypeOf('string')
  expect(details).toEqual(isThere ? JSON.parse(asked.authorization_details) : undefined)
})

test('an order is never approved without a page, also where a login asks for none', async () => {
  const { go, asked } = await orderPage()
  const silent = await authorize(go, sandbox.settings.issuer, sandbox.settings.clientId, { ...asked, prompt: 'none' })
  expect(new URL(silent.headers.get('location') ?? '').searchParams.get('error')).toBe('consent_required')
})

test('an order that a device asks for is shown before the device is connected', async () => {
  const { issuer, agentResource } = sandbox.settings
  const started = await fetch(`${issuer}/oauth/device/code`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: 'stock-cli',
      scope: 'openid',
      resource: agentResource,
      authorization_details: JSON.stringify([ORDER]),
    }),
  })
  const { user_code: userCode = '' } = (await started.json()) as { readonly user_code?: string }
  const go = browser()
  const field = (text: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? ''
  const send = (fields: Record<string, string>) =>
    go(`${issuer}/activate`, { method: 'POST', headers: { origin: issuer }, body: new URLSearchParams(fields) })
  const xsrf = field(await (await go(`${issuer}/activate`)).text(), 'xsrf')
  const confirm = await (await send({ xsrf, user_code: userCode })).text()
  const login = await send({ xsrf: field(confirm, 'xsrf') || xsrf, user_code: userCode, confirm: 'yes' })
  const loginUrl = new URL(login.headers.get('location') ?? '', issuer).href
  const csrf = field(await (await go(loginUrl)).text(), 'csrf')
  const signedIn = await go(loginUrl, {
    method: 'POST',
    headers: { origin: issuer },
    body: new URLSearchParams({ csrf, subject: 'ann' }),
  })
  const resumed = await go(signedIn.headers.get('location') ?? '')
  const page = await (await go(new URL(resumed.headers.get('location') ?? '', issuer).href)).text()
  for (const shown of ['Buy AAPL', '5000 shares', 'p-ann']) expect(page).toContain(shown)
})

import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { askBy, openPhone, redeem } from './phone-http.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())
beforeEach(() => sandbox.target.reset())

const open = (subject: string) => sandbox.target.authorizationServer.controls.pendingRequests(subject)
const statusOf = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await fetch(`${sandbox.phone.origin}${path}`, { headers, redirect: 'manual' })).status

describe('who gets in', () => {
  test('only a browser with the link: not with a wrong key, no key, or the key of another user', async () => {
    const annsKey = new URL(sandbox.phone.urlOf('ann')).searchParams.get('key')
    expect(await statusOf('/phones/ann')).toBe(401)
    expect(await statusOf('/phones/ann?key=wrong')).toBe(401)
    expect(await statusOf(`/phones/bob?key=${annsKey}`)).toBe(401)
    expect(await statusOf('/phones/ann/events')).toBe(401)
    expect(await statusOf('/phones/unknown')).toBe(401)
    const locked = await (await fetch(`${sandbox.phone.origin}/phones/ann`)).text()
    expect(locked).toContain('It sets a cookie, which a program must send too.')
  })

  test('says nothing that it was not taught to say', async () => {
    const { cookie } = await openPhone(sandbox, 'ann')
    for (const said of ['constructor', '__proto__', '<b>x</b>', 'You approved it.']) {
      const url = `${sandbox.phone.origin}/phones/ann?said=${encodeURIComponent(said)}`
      expect(await (await fetch(url, { headers: { cookie } })).text()).not.toContain('class="notice"')
    }
  })

  test('a session is for one phone', async () => {
    const { cookie } = await openPhone(sandbox, 'ann')
    expect(await statusOf('/phones/ann', { cookie })).toBe(200)
    expect(await statusOf('/phones/bob', { cookie })).toBe(401)
    expect(await statusOf('/phones/bob/events', { cookie })).toBe(401)
  })

  test('two sandboxes in one browser keep out of each other', async () => {
    const other = await startSandbox()
    onTestFinished(() => other.close())
    const [mine, theirs] = [await openPhone(sandbox, 'ann'), await openPhone(other, 'ann')]
    // Cookies know no ports: the browser sends both to both.
    const cookie = `${mine.cookie}; ${theirs.cookie}`
    expect(new Set([mine.cookie.split('=')[0], theirs.cookie.split('=')[0]]).size).toBe(2)
    for (const { url } of [mine, theirs]) expect((await fetch(url, { headers: { cookie } })).status).toBe(200)
  })

  test('eight browsers hold a phone; the oldest makes room', async () => {
    const cookies: string[] = []
    for (let count = 0; count < 9; count++) cookies.push((await openPhone(sandbox, 'bob')).cookie)
    const [first = '', second = ''] = cookies
    expect(await statusOf('/phones/bob', { cookie: first })).toBe(401)
    expect(await statusOf('/phones/bob', { cookie: second })).toBe(200)
  })

  test('the cookie is out of reach of scripts, and the key leaves the address at once', async () => {
    const paired = await fetch(sandbox.phone.urlOf('ann'), { redirect: 'manual' })
    expect(paired.headers.get('set-cookie')).toMatch(/; Path=\/phones\/ann\/at-[\w-]{43}; HttpOnly; SameSite=Lax$/)
    expect(paired.headers.get('location')).toMatch(/^\/phones\/ann\/at-[\w-]{43}$/)
  })
})

describe('an answer', () => {
  test('counts from the phone itself', async () => {
    await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const response = await phone.answer({ ...(await phone.form()), answer: 'approve' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(/^\/phones\/ann\/at-[\w-]+\?said=approved$/)
    expect(await open('ann')).toEqual([])
  })

  test.each([
    ['another origin', { origin: 'http://127.0.0.1:3000' }, {}, 'the header Origin: http://127.0.0.1:'],
    ['no origin', { origin: '' }, {}, 'the header Origin: http://127.0.0.1:'],
    ['an opaque origin', { origin: 'null' }, {}, 'the header Origin: http://127.0.0.1:'],
    ['another port of the same site', { 'sec-fetch-site': 'same-site' }, {}, 'the header Origin: http://127.0.0.1:'],
    ['no token', {}, { csrf: '' }, 'the field csrf of its page'],
    ['a wrong token', {}, { csrf: 'x'.repeat(43) }, 'the field csrf of its page'],
  ])('does not count with %s, and the page says what is missing', async (_what, headers, fields, missing) => {
    await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const response = await phone.answer({ ...(await phone.form()), answer: 'approve', ...fields }, headers)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain(`It lacks ${missing}`)
    expect(await open('ann')).toHaveLength(1)
  })

  test('does not count with the token of another session', async () => {
    await askBy(sandbox, 'ann')
    const [one, other] = [await openPhone(sandbox, 'ann'), await openPhone(sandbox, 'ann')]
    const { csrf } = await other.form()
    expect((await one.answer({ ...(await one.form()), csrf, answer: 'approve' })).status).toBe(403)
    expect(await open('ann')).toHaveLength(1)
  })

  test('to the question of another user is refused', async () => {
    await askBy(sandbox, 'ann')
    await askBy(sandbox, 'bob')
    const [anns, bobs] = [await openPhone(sandbox, 'ann'), await openPhone(sandbox, 'bob')]
    const { question } = await anns.form()
    const { csrf } = await bobs.form()
    const response = await bobs.answer({ csrf, question, answer: 'approve' })
    expect(response.headers.get('location')).toMatch(/^\/phones\/bob\/at-[\w-]+\?said=gone$/)
    expect(await open('ann')).toHaveLength(1)
    expect(await open('bob')).toHaveLength(1)
  })

  test('is given once', async () => {
    await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const form = await phone.form()
    await phone.answer({ ...form, answer: 'deny' })
    const second = await phone.answer({ ...form, answer: 'approve' })
    expect(second.headers.get('location')).toMatch(/^\/phones\/ann\/at-[\w-]+\?said=gone$/)
  })

  test('is no longer than an answer is', async () => {
    await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const long = await phone.answer({ ...(await phone.form()), answer: 'approve', more: 'x'.repeat(5000) })
    expect(long.status).toBe(413)
    expect(await open('ann')).toHaveLength(1)
  })

  test('at once from two browsers counts once', async () => {
    const authReqId = await askBy(sandbox, 'ann')
    const phones = [await openPhone(sandbox, 'ann'), await openPhone(sandbox, 'ann')]
    const forms = await Promise.all(phones.map((phone) => phone.form()))
    const answers = await Promise.all(
      phones.map((phone, index) => phone.answer({ ...forms[index], answer: index === 0 ? 'approve' : 'deny' })),
    )
    const said = answers.map(({ headers }) => headers.get('location')?.split('=')[1])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(said.filter((word) => word === 'gone')).toHaveLength(1)
    const { body } = await redeem(sandbox, authReqId)
    expect('access_token' in (body as object)).toBe(said.includes('approved'))
  })

  test('after it has expired is refused', async () => {
    const authReqId = await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const form = await phone.form()
    await sandbox.target.authorizationServer.controls.expire(authReqId)
    const late = await phone.answer({ ...form, answer: 'approve' })
    expect(late.headers.get('location')).toMatch(/^\/phones\/ann\/at-[\w-]+\?said=gone$/)
    expect((await redeem(sandbox, authReqId)).body).toMatchObject({ error: 'expired_token' })
  })

  test('is approve or deny, and no GET', async () => {
    await askBy(sandbox, 'ann')
    const phone = await openPhone(sandbox, 'ann')
    const form = await phone.form()
    expect((await phone.answer({ ...form, answer: 'perhaps' })).status).toBe(400)
    const query = new URLSearchParams({ ...form, answer: 'approve' })
    expect(await statusOf(`/phones/ann/answers?${query}`, { cookie: phone.cookie })).toBe(404)
    expect(await open('ann')).toHaveLength(1)
  })
})

describe('what is shown', () => {
  test('is text, whatever a client wrote', async () => {
    const details = [{ type: 'stock_order', note: '<script>alert(1)</script>', symbol: 'AA\u202EPL' }]
    await askBy(sandbox, 'ann', 'Buy 50', details)
    const page = await (await openPhone(sandbox, 'ann')).read()
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('&lt;script&gt;alert(1)')
    // An override that would turn the letters after it around.
    expect(page).not.toContain('\u202E')
  })

  test('is all of the details', async () => {
    const details = [
      { type: 'stock_order', portfolio: 'p-ann', side: 'sell', symbol: 'MSFT', quantity: 1, memo: 'rent' },
    ]
    await askBy(sandbox, 'ann', 'Sell 1', details)
    const page = await (await openPhone(sandbox, 'ann')).read()
    for (const shown of ['Sell MSFT', '1 share, about $415.20', 'p-ann', 'rent', 'agent:trader', 'trade:write']) {
      expect(page).toContain(shown)
    }
  })

  test('runs no other script, cannot be framed, and is not cached', async () => {
    const { url, cookie } = await openPhone(sandbox, 'ann')
    const { headers } = await fetch(url, { headers: { cookie } })
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toMatch(/script-src 'sha256-[^']+'(;|$)/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("form-action 'self'")
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('is no auth_req_id: it would redeem the tokens', async () => {
    const authReqId = await askBy(sandbox, 'ann')
    expect(await (await openPhone(sandbox, 'ann')).read()).not.toContain(authReqId)
  })
})

test('announces a question as it comes, but none of other users', async () => {
  const { url, cookie } = await openPhone(sandbox, 'ann')
  const response = await fetch(`${url}/events`, { headers: { cookie } })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  await askBy(sandbox, 'bob', 'Sell 15 shares of GOOG')
  await sandbox.target.authorizationServer.controls.deny()
  await askBy(sandbox, 'ann')
  let heard = ''
  while (!heard.includes('AAPL')) heard += (await reader?.read())?.value ?? ''
  expect(heard).toBe('retry: 1000\n\nevent: changed\ndata: "New request: Buy 50 shares of AAPL"\n\n')
  await reader?.cancel()
})

/** `fetch` lets a caller choose neither `Host` nor the target of the request. */
function statusAt(url: string, { host = new URL(url).host, path = '/' }): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host }, path }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end()
  })
}

function origins(): readonly string[] {
  const { phone, issuer, upstreamIssuer, enterpriseIssuer, api, openFga } = sandbox.settings
  const notifications = new URL(sandbox.target.notifications.endpoint).origin
  return [phone, issuer, upstreamIssuer, enterpriseIssuer, api.origin, openFga.apiUrl, notifications]
}

test('every server answers to its own Host only', async () => {
  for (const origin of origins()) {
    const { host, port } = new URL(origin)
    expect(await statusAt(origin, { host: `evil.example:${port}` })).toBe(421)
    expect(await statusAt(origin, { host: `localhost:${port}` })).toBe(421)
    expect(await statusAt(origin, { host })).not.toBe(421)
  }
})

test.each(['http://', '//', 'http://['])(
  'every server answers 400 to the target %s, which is no address',
  async (path) => {
    for (const origin of origins()) expect(await statusAt(origin, { path })).toBe(400)
  },
)

/** Whether a server listens there. */
function isTaken(host: string, port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2000 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}

test('every server listens on 127.0.0.1 alone', async () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address)
  for (const origin of origins()) {
    const { port } = new URL(origin)
    expect(await isTaken('127.0.0.1', port)).toBe(true)
    // On Linux another address of loopback; a server on all addresses would be there, and on those below.
    for (const host of ['127.0.0.2', '::1', ...outside])
      expect([host, await isTaken(host, port)]).toEqual([host, false])
  }
})

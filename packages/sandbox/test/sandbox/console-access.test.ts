import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { openConsole, report, reported, textOf } from './console-calls.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())

const statusOf = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await fetch(`${sandbox.phone.origin}${path}`, { headers, redirect: 'manual' })).status

describe('the console opens', () => {
  test('only for a browser with its link: not without a key, with a wrong one, or with the key of a phone or of the reports', async () => {
    const phone = new URL(sandbox.phone.urlOf('ann')).searchParams.get('key')
    for (const path of [
      '/console',
      '/console?key=wrong',
      `/console?key=${phone}`,
      `/console?key=${sandbox.settings.reports.key}`,
      '/console/events',
    ]) {
      expect([path, await statusOf(path)]).toEqual([path, 401])
    }
    const { cookie } = await openConsole(sandbox)
    expect(await statusOf('/console', { cookie })).toBe(200)
    expect(await statusOf('/phones/ann', { cookie: cookie.replace('console_', 'phone_') })).toBe(401)
  })

  test('by a cookie that scripts cannot read, and the key leaves the address at once', async () => {
    const paired = await fetch(sandbox.consoleUrl, { redirect: 'manual' })
    expect(paired.headers.get('set-cookie')).toMatch(/; Path=\/console\/at-[\w-]{43}; HttpOnly; SameSite=Lax$/)
    expect(paired.headers.get('location')).toMatch(/^\/console\/at-[\w-]{43}$/)
  })

  test('as a page that no other page frames, and that runs no other script', async () => {
    const { cookie, origin } = await openConsole(sandbox)
    const { headers } = await fetch(`${origin}/console`, { headers: { cookie } })
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+';/,
    )
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })
})

describe('an event of an audit is taken', () => {
  test('from a program with the key', async () => {
    expect((await report(sandbox, reported({ tool: 'from_afar' }))).status).toBe(204)
    expect(textOf(await (await openConsole(sandbox)).call('from_afar'))).toContain('user:ann can_pay account:1: no')
  })

  test.each<[string, Readonly<Record<string, string>>, string?]>([
    ['no key', { authorization: '' }],
    ['a wrong key', { authorization: `Bearer ${'x'.repeat(43)}` }],
    ['the origin of a page, our own too', { origin: 'http://127.0.0.1:3000' }],
    ['what a browser sends of itself', { 'sec-fetch-site': 'same-origin' }],
    ['another method', {}, 'PUT'],
  ])('not with %s', async (_what, headers, method) => {
    const refused = await report(sandbox, reported({ tool: 'refused_report' }), headers, method)
    expect([403, 404]).toContain(refused.status)
    expect(await (await openConsole(sandbox)).read()).not.toContain('refused_report')
  })

  test.each<[string, unknown]>([
    ['is no JSON', '{'],
    ['is no event', { type: 'call' }],
    ['is of an unknown type', reported({ type: 'root' })],
    ['has an id that may be a token', reported({ callId: 'eyJhbGciOiJub25lIn0.e30.' })],
    ['has a time that is no time', reported({ at: 1e300 })],
    ['is too long', reported({ tool: 'x'.repeat(300_000) })],
    ['is longer than any body', reported({ tool: 'x'.repeat(1_100_000) })],
    ['is nested without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('not where it %s', async (_what, body) => {
    expect((await report(sandbox, body)).status).toBe(400)
  })
})

import { describe, expect, test } from 'vitest'
import { cookie, readCookie } from '../src/cookies.ts'
import { isFromApp } from '../src/same-site.ts'

const origin = 'https://app.example'

describe('what changes something comes from a page of the app', () => {
  const isFrom = (headers: Record<string, string>) => isFromApp(new Request(origin, { headers }), origin)

  test('as a browser says, an older one too', () => {
    expect(isFrom({ origin, 'sec-fetch-site': 'same-origin' })).toBe(true)
    expect(isFrom({ origin })).toBe(true)
  })

  // Each of the two alone is enough to refuse: a browser may know only one.
  test.each<Record<string, string>>([
    {},
    { 'sec-fetch-site': 'same-origin' },
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: 'http://app.example', 'sec-fetch-site': 'same-origin' },
    { origin: 'https://app.example:8443', 'sec-fetch-site': 'same-origin' },
    { origin, 'sec-fetch-site': 'same-site' },
    { origin, 'sec-fetch-site': 'cross-site' },
    { origin, 'sec-fetch-site': 'none' },
  ])('and not from %j', (headers) => {
    expect(isFrom(headers)).toBe(false)
  })
})

describe('a cookie', () => {
  const set = (at: string) => cookie('session', 'id', { origin: at, seconds: 60 })

  test('is the host’s own over TLS, and out of reach of scripts and other sites', () => {
    expect(set(origin).split('; ')).toEqual([
      '__Host-session=id',
      'Path=/',
      'HttpOnly',
      'SameSite=Lax',
      'Max-Age=60',
      'Secure',
    ])
    expect(set('http://127.0.0.1:3000')).toBe('session=id; Path=/; HttpOnly; SameSite=Lax; Max-Age=60')
  })

  test('that another host of the domain could set is not read over TLS', () => {
    const read = (header: string, at = origin) =>
      readCookie(new Request(origin, { headers: { cookie: header } }), 'session', at)
    expect(read('session=planted')).toBeUndefined()
    expect(read('session=planted; __Host-session=own')).toBe('own')
    // A browser takes these from any host of the domain, for no prefix begins with such a character.
    for (const before of ['\u00a0', '\u0085', '\u00ad']) {
      expect(read(`${before}__Host-session=planted`)).toBeUndefined()
      expect(read(`${before}__Host-session=planted; __Host-session=own`)).toBe('own')
    }
    expect(read('my-session=x; session=own', 'http://127.0.0.1:3000')).toBe('own')
  })

  test.each([
    'session=planted; session=own',
    'session=own; visitor=v; session=planted',
    'session=; session=own',
    'session=own; session',
    'session=own;session=own',
  ])('that is there twice is not read: %s', (header) => {
    const request = new Request(origin, { headers: { cookie: header } })
    expect(readCookie(request, 'session', 'http://127.0.0.1:3000')).toBeUndefined()
  })
})

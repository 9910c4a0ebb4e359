import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect, test, vi } from 'vitest'
import { TransportError } from '../../../src/base/errors/index.ts'
import { type IssuedToken, Token } from '../../../src/credential/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { api, open, seen, useApi } from './open-credential.ts'

const server = useApi()

describe('a 401', () => {
  const fresh: IssuedToken = { token: new Token('second'), scopes: ['trade:write', 'more'], expiresAt: 200 }
  const onlyFor = (token: string) =>
    server.use(
      http.all(`${api}/a`, async ({ request }) => {
        const authorization = request.headers.get('authorization')
        seen.push({ url: request.url, authorization, body: await request.text() })
        return new HttpResponse(null, { status: authorization === `Bearer ${token}` ? 200 : 401 })
      }),
    )

  test('is the answer where the call ended while a fresh token was fetched', async () => {
    onlyFor('second')
    const opened = open({
      refresh: async () => {
        opened.close()
        return fresh
      },
    })
    expect((await opened.credential.fetch(`${api}/a`)).status).toBe(401)
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer first'])
  })

  test.each([
    ['no body', {}],
    ['a text', { method: 'POST', body: 'x' }],
    ['a form', { method: 'POST', body: new URLSearchParams({ x: '1' }) }],
    ['bytes', { method: 'POST', body: new Uint8Array([1, 2]) }],
    ['a blob', { method: 'POST', body: new Blob(['x']) }],
  ])(verifies('I6', 'is tried once more with a fresh token, for a request with %s'), async (_name, init) => {
    onlyFor('second')
    const opened = open({ refresh: async () => fresh })
    expect((await opened.credential.fetch(`${api}/a`, init)).status).toBe(200)
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second'])
    expect(seen[0]?.body).toBe(seen[1]?.body)
    expect(opened.credential).toMatchObject({ scopes: ['trade:write', 'more'], expiresAt: 200 })
    expect(opened.tokens).toHaveLength(2)
  })

  test(verifies('I6', 'is the answer where the token is never replaced'), async () => {
    onlyFor('second')
    expect((await open().credential.fetch(`${api}/a`)).status).toBe(401)
    expect(seen).toHaveLength(1)
  })

  test.each([
    ['a stream', () => [`${api}/a`, { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }] as const],
    ['a Request with a body', () => [new Request(`${api}/a`, { method: 'POST', body: 'x' }), undefined] as const],
  ])(verifies('I6', 'is the answer to %s, which can be sent only once'), async (_name, make) => {
    onlyFor('second')
    const refresh = vi.fn(async () => fresh)
    const [input, init] = make()
    expect((await open({ refresh }).credential.fetch(input, init as RequestInit)).status).toBe(401)
    expect(refresh).not.toHaveBeenCalled()
    expect(seen).toHaveLength(1)
  })

  test('is tried again once, and the token fetched once, by all requests of the call', async () => {
    onlyFor('none')
    const refresh = vi.fn(async () => fresh)
    const { credential } = open({ refresh })
    const first = await Promise.all([1, 2, 3].map(() => credential.fetch(`${api}/a`)))
    expect(first.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(seen).toHaveLength(6)
    expect((await credential.fetch(`${api}/a`)).status).toBe(401)
    expect(seen.at(-1)?.authorization).toBe('Bearer second')
    expect(seen).toHaveLength(7)
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['it is missing', async () => undefined],
    ['fetching one fails', async () => Promise.reject(new TransportError('down'))],
  ])('is the answer when a fresh token is needed and %s', async (_name, refresh) => {
    onlyFor('second')
    expect((await open({ refresh }).credential.fetch(`${api}/a`)).status).toBe(401)
  })
})

describe("the API's own answers", () => {
  test.each([400, 402, 404, 429, 500, 503])('come back as they are: %i', async (status) => {
    server.use(http.get(`${api}/a`, () => new HttpResponse('why', { status })))
    const response = await open().credential.fetch(`${api}/a`)
    expect([response.status, await response.text()]).toEqual([status, 'why'])
  })

  test.each([
    ['403 without a challenge', 403, undefined],
    ['403 of another kind', 403, 'Bearer error="invalid_token"'],
    ['403 by another scheme', 403, 'Basic error="insufficient_scope", scope="x"'],
    ['a challenge that is no challenge', 403, '=,;"insufficient_scope'],
    ['a challenge of 9 kB', 403, `Bearer error="insufficient_scope", scope="${'x '.repeat(4600)}"`],
  ])('come back as they are: %s', async (_name, status, challenge) => {
    const headers = challenge === undefined ? {} : { 'www-authenticate': challenge }
    server.use(http.get(`${api}/a`, () => new HttpResponse('why', { status, headers })))
    const response = await open().credential.fetch(`${api}/a`)
    expect([response.status, await response.text()]).toEqual([status, 'why'])
  })

  test('come back as they are: no answer at all', async () => {
    server.use(http.get(`${api}/a`, () => HttpResponse.error()))
    await expect(open().credential.fetch(`${api}/a`)).rejects.toThrow(TypeError)
  })

  test.each([
    [
      'more scopes',
      403,
      'Bearer realm="x", error="insufficient_scope", scope="trade:write admin"',
      { scopes: ['trade:write', 'admin'] },
    ],
    ['more scopes, without naming them', 403, 'Bearer error="insufficient_scope"', {}],
    ['a DPoP challenge', 403, 'DPoP error="insufficient_scope", scope="a"', { scopes: ['a'] }],
    ['a second challenge', 403, 'Basic realm="x", Bearer error="insufficient_scope", scope="a"', { scopes: ['a'] }],
    // RFC 9470 §3.
    [
      'another login',
      401,
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
      { acrValues: ['myACR'] },
    ],
    [
      'a newer login',
      401,
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"',
      { maxAge: 5 },
    ],
    ['a login of no sense', 401, 'Bearer error="insufficient_user_authentication", max_age="-1"', {}],
  ])('become a step-up where they ask for %s', async (_name, status, challenge, stepUp) => {
    const refresh = vi.fn()
    server.use(
      http.get(`${api}/a`, () => new HttpResponse('no', { status, headers: { 'www-authenticate': challenge } })),
    )
    const error = await rejection(open({ refresh }).credential.fetch(`${api}/a`))
    expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', stepUp })
    expect((error as { stepUp: object }).stepUp).toEqual(stepUp)
    expect(refresh).not.toHaveBeenCalled()
  })
})

describe('withToken', () => {
  test('tells the audit first, then hands the token over', async () => {
    const order: string[] = []
    const { credential } = open({ onRawToken: (name) => void order.push(`told ${name}`) })
    const result = await credential.withToken(async (token) => {
      order.push(token)
      return 42
    })
    expect(result).toBe(42)
    expect(order).toEqual(['told trade', 'first'])
  })

  test('hands nothing over when the audit fails', async () => {
    const use = vi.fn()
    const { credential } = open({ onRawToken: () => Promise.reject(new Error('audit is down')) })
    await expect(credential.withToken(use)).rejects.toThrow('audit is down')
    expect(use).not.toHaveBeenCalled()
  })
})

describe('a credential', () => {
  test('shows its scopes and its end, and not its token', async () => {
    const { credential } = open()
    await credential.fetch(`${api}/a`)
    expect(credential.scopes).toEqual(['trade:write'])
    expect(credential.expiresAt).toBe(100)
    for (const shown of [
      inspect(credential, { showHidden: true, depth: 9 }),
      JSON.stringify(credential),
      inspect(open(), { depth: 9 }),
    ]) {
      expect(shown).not.toContain('first')
    }
  })

  test('cannot be changed, nor the list that a cache may hold', () => {
    const scopes = ['trade:write']
    const { credential } = open({ scopes })
    expect(() => Object.assign(credential, { scopes: ['admin'] })).toThrow(TypeError)
    expect(() => (credential.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(scopes).toEqual(['trade:write'])
  })

  test('does not repeat a token that no header can carry', async () => {
    for (const value of ['secret-part\nX: y', 'secret-part ü', 'secret-part with spaces']) {
      const error = await rejection(open({ token: new Token(value) }).credential.fetch(`${api}/a`))
      expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'malformed' })
      expect(inspect(error)).not.toContain('secret-part')
    }
  })
})

import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, TransportError } from '../../../src/base/errors/index.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { openFga } from '../../../src/permissions/openfga/open-fga.ts'
import { allowPlainHttp, type OpenFgaOptions } from '../../../src/permissions/openfga/read-options.ts'
import { checker, everything, fgaServer, MODEL, question } from './fga-server.ts'

const fga = fgaServer()

describe('outages', () => {
  test('the caller may leave: its own reason comes back', async () => {
    const controller = new AbortController()
    fga.misbehave(() => {
      controller.abort(new Error('the user went away'))
      return undefined
    })
    await expect(checker().check(question({ signal: controller.signal }))).rejects.toThrow('the user went away')
    expect(fga.sent).toHaveLength(1)
  })

  test('a caller who left before is not served', async () => {
    await expect(checker().check(question({ signal: AbortSignal.abort(new Error('gone')) }))).rejects.toThrow('gone')
    expect(fga.sent).toEqual([])
  })

  test('a fetch that ignores its signal does not outlive the deadline', async () => {
    const deaf = checker({ fetch: () => new Promise(() => {}), timeoutMs: 50 })
    await expect(deaf.check(question())).rejects.toThrow(TransportError)
  })

  test('a fault says what it is and keeps its status and pause', async () => {
    fga.misbehave(() =>
      HttpResponse.json({ code: 'internal_error', message: 'down' }, { status: 503, headers: { 'retry-after': '30' } }),
    )
    const error = await checker()
      .check(question())
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ status: 503, retryAfter: 30, retryable: true })
    // It asked for a longer pause than a call can wait.
    expect(fga.sent).toHaveLength(1)
  })

  test('a short pause that the server asks for is kept', async () => {
    fga.know(...everything)
    fga.misbehave(() =>
      fga.sent.length === 1 ? new HttpResponse(null, { status: 429, headers: { 'retry-after': '1' } }) : undefined,
    )
    const started = performance.now()
    expect((await checker().check(question())).allowed).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(990)
  })

  test('the API token is in no error', async () => {
    const failing = checker({
      credentials: { method: 'apiToken', token: 'fga-secret' },
      fetch: (_, init) => Promise.reject(Object.assign(new Error('boom'), { request: init })),
    })
    const error = await failing.check(question()).catch((thrown: unknown) => thrown)
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('fga-secret')
    expect(inspect(failing, { depth: 10, showHidden: true })).not.toContain('fga-secret')
  })
})

describe('options', () => {
  const wrong: readonly (readonly [
    string,
    Partial<Record<keyof OpenFgaOptions, unknown>> | Record<string, unknown>,
  ])[] = [
    ['openFga.apiUrl', { apiUrl: 'fga.example.com' }],
    ['openFga.apiUrl', { apiUrl: 'http://fga.example.com' }],
    ['openFga.apiUrl', { apiUrl: 'https://user:pass@fga.example.com' }],
    ['openFga.apiUrl', { apiUrl: 'https://fga.example.com?x=1' }],
    ['openFga.storeId', { storeId: '../other' }],
    ['openFga.authorizationModelId', { authorizationModelId: undefined }],
    ['openFga.authorizationModelId', { authorizationModelId: 'latest' }],
    ['openFga.relations.user', { relations: null }],
    ['openFga.relations', { relations: { user: (r: string) => r, agent: (r: string) => r } }],
    ['openFga.relations', { relations: { user: (r: string) => r, delegation: 'acts_for' } }],
    ['openFga.relations.delegation', { relations: { user: String, agent: String, delegation: 'acts for' } }],
    ['openFga.relations.usr', { relations: { user: String, usr: String } }],
    ['openFga.consistency', { consistency: 'HIGHER_CONSISTENCY' }],
    ['openFga.timeoutMs', { timeoutMs: 0 }],
    ['openFga.timeoutMs', { timeoutMs: 2 ** 31 }],
    ['openFga.timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['openFga.credentials.method', { credentials: { method: 'none' } }],
    ['openFga.credentials.token', { credentials: { method: 'apiToken', token: 'a b' } }],
    ['openFga.credentials.tokn', { credentials: { method: 'apiToken', tokn: 'x' } }],
    ['openFga.tenant', { tenant: 'acme', userOf: () => object('user', 'x') }],
    ['openFga.modelId', { modelId: MODEL }],
  ]
  test.each(wrong)('%s is refused at construction', (option, options) => {
    expect(() => checker(options as never)).toThrow(ConfigurationError)
    expect(() => checker(options as never)).toThrow(option)
  })

  test('plain http is for loopback, or said aloud', () => {
    expect(() => checker({ apiUrl: 'http://127.0.0.1:8080' })).not.toThrow()
    expect(() => checker({ apiUrl: 'http://openfga:8080', [allowPlainHttp]: true })).not.toThrow()
  })

  test('a path in front of the API is kept', async () => {
    const asked: string[] = []
    const behindProxy = openFga({
      apiUrl: 'https://example.com/fga/',
      storeId: '01KAZ0000000000000000STORE',
      authorizationModelId: MODEL,
      relations: { user: (r) => r },
      fetch: (input) => {
        asked.push(String(input))
        return Promise.resolve(Response.json({ allowed: true }))
      },
    })
    await behindProxy.check(question({ subjects: 'user' }))
    expect(asked).toEqual(['https://example.com/fga/stores/01KAZ0000000000000000STORE/check'])
  })
})

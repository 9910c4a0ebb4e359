import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { OpenFgaClient } from '@openfga/sdk'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ConfigurationError, TransportError } from '../../../src/base/errors/index.ts'
import type { OpenFgaClientLike } from '../../../src/permissions/openfga/client-backend.ts'
import { openFga } from '../../../src/permissions/openfga/open-fga.ts'
import { NOW, question } from './fga-server.ts'

// The SDK takes true ULIDs only.
const STORE = '01KAZ000000000000000ST0RE0'
const MODEL = '01KAZ000000000000000M0DE00'

/** A client that answers what a test says. */
const fake = (over: Partial<Record<'check' | 'batchCheck', (body: never, options: never) => unknown>>) =>
  ({
    check: vi.fn(over.check ?? (() => ({}))),
    batchCheck: vi.fn(over.batchCheck ?? (() => ({}))),
  }) as unknown as OpenFgaClientLike

const checker = (client: OpenFgaClientLike, over: object = {}) =>
  openFga({
    client,
    authorizationModelId: MODEL,
    relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
    clock: { now: () => NOW },
    ...over,
  })
const single = question({ subjects: 'user' })

interface Batch {
  readonly checks: readonly { readonly correlationId: string }[]
}
const answersBatch = (spoil: (items: Record<string, unknown>[]) => unknown) =>
  fake({
    batchCheck: async ({ checks }: Batch) =>
      spoil(checks.map((request) => ({ allowed: true, correlationId: request.correlationId, request }))),
  })

describe('an app’s own client', () => {
  test('is asked for user, agent and delegation, with the pinned model', async () => {
    const own = answersBatch((result) => ({ result: result.reverse() }))
    const decision = await checker(own, {
      contextualTuples: () => [{ user: 'user:ann', relation: 'member', object: 'group:g' }],
    }).check(question({ effect: 'write' }))
    expect(decision.allowed).toBe(true)
    const [body, options] = vi.mocked(own.batchCheck).mock.calls[0] ?? []
    expect(options).toEqual({ authorizationModelId: MODEL, consistency: 'HIGHER_CONSISTENCY' })
    expect(body?.checks[0]).toMatchObject({
      user: 'user:ann',
      relation: 'user_can_view',
      object: 'portfolio:p1',
      context: { now: new Date(NOW).toISOString() },
      contextualTuples: { tuple_keys: [{ user: 'user:ann', relation: 'member', object: 'group:g' }] },
    })
  })

  for (const answer of [{ allowed: 'true' }, { allowed: 1 }, {}, undefined, null, '<html>', [], { allowed: null }]) {
    test(`check: ${JSON.stringify(answer)} denies`, async () => {
      const decision = await checker(fake({ check: async () => answer })).check(single)
      expect(decision).toMatchObject({ allowed: false, checks: [{ problem: expect.any(String) }] })
    })
  }

  const spoilt: readonly (readonly [string, (items: Record<string, unknown>[]) => unknown])[] = [
    ['a result that is missing', (items) => ({ result: items.slice(1) })],
    ['a result that is given twice', (items) => ({ result: [...items, { ...items[0], allowed: true }] })],
    [
      'a result under another id',
      (items) => ({ result: items.map((item, i) => (i === 0 ? { ...item, correlationId: 'x' } : item)) }),
    ],
    [
      'a result that is text',
      (items) => ({ result: items.map((item, i) => (i === 0 ? { ...item, allowed: 'true' } : item)) }),
    ],
    [
      'an error beside allowed',
      (items) => ({ result: items.map((item, i) => (i === 0 ? { ...item, error: { input_error: 'x' } } : item)) }),
    ],
    ['no list', () => ({ result: {} })],
    ['nothing', () => undefined],
  ]
  for (const [name, spoil] of spoilt) {
    test(`batchCheck: ${name} denies`, async () => {
      const decision = await checker(answersBatch(spoil)).check(question())
      expect(decision.allowed).toBe(false)
      expect(decision.checks[0]).toMatchObject({ allowed: false, problem: expect.any(String) })
    })
  }

  test('its refusals deny, and its outages do not', async () => {
    const throws = (fields: object) => fake({ check: () => Promise.reject(Object.assign(new Error('x'), fields)) })
    for (const fields of [{ statusCode: 400 }, { statusCode: 302 }, { name: 'FgaValidationError' }]) {
      expect((await checker(throws(fields)).check(single)).allowed).toBe(false)
    }
    for (const fields of [
      { statusCode: 401 },
      { statusCode: 403 },
      { statusCode: 404, apiErrorCode: 'store_id_not_found' },
      { statusCode: 400, apiErrorCode: 'authorization_model_not_found' },
    ]) {
      await expect(checker(throws(fields)).check(single)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
    for (const fields of [
      { statusCode: 429 },
      { statusCode: 503 },
      {},
      { statusCode: 422, apiErrorCode: 'throttled_timeout_error' },
    ]) {
      await expect(checker(throws(fields)).check(single)).rejects.toThrow(TransportError)
    }
  })

  test('does not outlive the deadline, which it does not know', async () => {
    const hangs = fake({ check: () => new Promise(() => {}) })
    await expect(checker(hangs, { timeoutMs: 50 }).check(single)).rejects.toThrow(TransportError)
  })

  test('another model’s answer denies, where it shows', async () => {
    const $response = { headers: { 'openfga-authorization-model-id': 'another' } }
    const decision = await checker(fake({ check: async () => ({ allowed: true, $response }) })).check(single)
    expect(decision.checks[0]?.problem).toBe('another authorization model answered')
  })

  test('an answer that it was redirected to denies, where it shows', async () => {
    const $response = { headers: {}, request: { _redirectable: { _redirectCount: 1 } } }
    const decision = await checker(fake({ check: async () => ({ allowed: true, $response }) })).check(single)
    expect(decision).toMatchObject({ allowed: false, checks: [{ problem: 'the answer was redirected' }] })
  })

  test('a question by itself brings its tuples too, in the shape of `check`', async () => {
    const own = fake({ check: async () => ({ allowed: true }) })
    const tuples = [{ user: 'user:ann', relation: 'member', object: 'group:g' }]
    expect((await checker(own, { contextualTuples: () => tuples }).check(single)).allowed).toBe(true)
    expect(vi.mocked(own.check).mock.calls[0]?.[0]).toMatchObject({ contextualTuples: tuples })
  })

  test('what its faults carry stays with them: no token, no body', async () => {
    const config = { headers: { authorization: 'Bearer very-secret' }, data: 'user:ann' }
    const down = fake({ check: async () => Promise.reject(Object.assign(new Error('down'), { config })) })
    const fault = await checker(down)
      .check(single)
      .catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'ERR_TRANSPORT', cause: { message: 'down' } })
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(/very-secret|user:ann/)
  })

  test('is checked at construction', () => {
    expect(() => checker({} as never)).toThrow(ConfigurationError)
    expect(() => checker(fake({}), { apiUrl: 'https://x' })).toThrow('openFga.apiUrl')
    expect(() => checker(fake({}), { authorizationModelId: 'latest' })).toThrow(ConfigurationError)
  })
})

const servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers.splice(0)) close()
})
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const sdk = (apiUrl: string): OpenFgaClientLike =>
  new OpenFgaClient({
    apiUrl,
    storeId: STORE,
    authorizationModelId: MODEL,
    retryParams: { maxRetry: 0 },
    baseOptions: { maxRedirects: 0 },
  })

describe('@openfga/sdk itself', () => {
  const json = { 'content-type': 'application/json' }

  test('that follows redirects is refused', () => {
    const follows = new OpenFgaClient({ apiUrl: 'http://127.0.0.1:1', storeId: STORE })
    expect(() => checker(follows)).toThrow('maxRedirects')
  })

  test('allows and denies as the server says', async () => {
    const apiUrl = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString())
        const result = (body.checks ?? []).map((item: { correlation_id: string; tuple_key: { object: string } }) => [
          item.correlation_id,
          { allowed: item.tuple_key.object !== 'portfolio:p2' },
        ])
        response.writeHead(200, json).end(JSON.stringify({ result: Object.fromEntries(result), allowed: true }))
      })
    })
    expect((await checker(sdk(apiUrl)).check(question())).allowed).toBe(true)
    expect((await checker(sdk(apiUrl)).check(single)).allowed).toBe(true)
    const p2 = question({ permissions: [{ ...question().permissions[0], object: 'portfolio:p2' } as never] })
    expect((await checker(sdk(apiUrl)).check(p2)).checks.map(({ allowed }) => allowed)).toEqual([false, false, true])
  })

  test('a redirect to an allow, "false" as text, HTML, missing and lost results deny', async () => {
    const paths: (string | undefined)[] = []
    const redirects = await serve((request, response) => {
      paths.push(request.url)
      if (request.url === '/always') response.writeHead(200, json).end('{"allowed":true}')
      else response.writeHead(302, { location: '/always' }).end()
    })
    expect((await checker(sdk(redirects)).check(single)).allowed).toBe(false)
    expect((await checker(sdk(redirects)).check(question())).allowed).toBe(false)
    expect(paths).not.toContain('/always')
    for (const text of ['{"allowed":"false"}', '<html>yes</html>', '{}', '{"result":{}}']) {
      const apiUrl = await serve((_, response) => response.writeHead(200, json).end(text))
      expect((await checker(sdk(apiUrl)).check(single)).allowed).toBe(false)
      expect((await checker(sdk(apiUrl)).check(question())).allowed).toBe(false)
    }
  })

  test('a server that hangs or resets is an outage, within our deadline', async () => {
    const hangs = await serve(() => {})
    const started = performance.now()
    await expect(checker(sdk(hangs), { timeoutMs: 100 }).check(question())).rejects.toThrow(TransportError)
    expect(performance.now() - started).toBeLessThan(1_000)
    const resets = await serve((request) => request.socket.destroy())
    await expect(checker(sdk(resets)).check(question())).rejects.toThrow(TransportError)
  })
})

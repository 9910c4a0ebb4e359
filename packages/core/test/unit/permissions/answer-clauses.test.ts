import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import type { FgaClientOptions } from '../../../src/permissions/openfga/fga-client.ts'
import { readBatch, readBody, readItem } from '../../../src/permissions/openfga/read-answer.ts'
import { client, MODEL } from './fga-server.ts'

const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
const list = { user: 'user:ann', relation: 'viewer', type: 'doc' }

// Nothing here waits: pauses between tries pass at once, and are added up.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** What came of work, and how long it paused. */
async function outcome(work: Promise<unknown>) {
  let settled: unknown
  work.then(
    (value) => (settled = value ?? 'nothing'),
    (error: unknown) => (settled = error),
  )
  let pausedMs = 0
  for (; settled === undefined; pausedMs += 20) {
    await vi.advanceTimersByTimeAsync(20)
    await new Promise(setImmediate)
  }
  return { settled, pausedMs }
}

interface Answer {
  readonly status: number
  readonly code?: string
  readonly redirected?: boolean
  readonly retryAfter?: string
}

/** A client whose server always answers so, and how often it was asked. */
function answering({ status, code = 'x', redirected = false, retryAfter }: Answer) {
  let requests = 0
  const headers = { 'content-type': 'application/json', ...(retryAfter !== undefined && { 'retry-after': retryAfter }) }
  const fetch: FgaClientOptions['fetch'] = async (input) => {
    requests++
    const yes = String(input).endsWith('streamed-list-objects') ? { result: { object: 'doc:1' } } : { allowed: true }
    const body = JSON.stringify(status === 200 ? yes : { code, message: 'm' })
    return Object.defineProperty(new Response(body, { status, headers }), 'redirected', { value: redirected })
  }
  return { one: client({ fetch }), requests: () => requests }
}

const outage = { code: 'ERR_TRANSPORT' }
const redirect = { allowed: false, problem: 'the answer was redirected' }

describe('which answers are asked for again (E2)', () => {
  test.each<readonly [string, Answer, number, object]>([
    ['a fault of the server', { status: 500 }, 3, outage],
    ['a server that is away', { status: 503 }, 3, outage],
    ['too many requests', { status: 429 }, 3, outage],
    ['a batch that was throttled', { status: 422, code: 'throttled_timeout_error' }, 3, outage],
    ['what the server does not have', { status: 501 }, 1, outage],
    ['a longer pause than a call can wait', { status: 503, retryAfter: '2' }, 1, outage],
    ['what the server cannot process', { status: 422 }, 1, { allowed: false }],
    ['what the server refuses', { status: 499 }, 1, { allowed: false }],
    ['a choice of addresses', { status: 300 }, 1, redirect],
    ['a fault of another server', { status: 503, redirected: true }, 1, redirect],
    ['a yes of another server', { status: 200, redirected: true }, 1, redirect],
  ])('%s', async (_, answer, requests, expected) => {
    const { one, requests: sent } = answering(answer)
    const { settled } = await outcome(one.check(asked))
    expect(settled).toMatchObject(expected)
    expect(sent()).toBe(requests)
  })

  test.each<readonly [string, Answer, number, object]>([
    ['a server that is away', { status: 503 }, 3, outage],
    ['a list of another server', { status: 200, redirected: true }, 1, { code: 'ERR_INVALID_RESPONSE' }],
  ])('of a stream too: %s', async (_, answer, requests, expected) => {
    const { one, requests: sent } = answering(answer)
    const { settled } = await outcome(one.streamObjects(list)[Symbol.asyncIterator]().next())
    expect(settled).toMatchObject(expected)
    expect(sent()).toBe(requests)
  })

  test('a pause that the server asks for is made between tries, and not behind the last', async () => {
    const { settled, pausedMs } = await outcome(answering({ status: 429, retryAfter: '1' }).one.check(asked))
    expect(settled).toMatchObject(outage)
    // Twice a second, and the SDK's own pauses of 0.2 and 0.4 s at most.
    expect(pausedMs).toBeGreaterThanOrEqual(2_000)
    expect(pausedMs).toBeLessThan(2_900)
  })

  test('where it asks for none, no timer is set of a time that is no number, of which Node would warn', async () => {
    const timers = vi.fn(globalThis.setTimeout)
    vi.stubGlobal('setTimeout', timers)
    await outcome(answering({ status: 503 }).one.check(asked))
    // Before the timers are real again, which a spy that is restored later would undo.
    vi.unstubAllGlobals()
    expect(timers.mock.calls.length).toBeGreaterThanOrEqual(2)
    expect(timers.mock.calls.filter(([, ms]) => !Number.isFinite(ms))).toEqual([])
  })
})

test('no token for us is no outage: its server is asked once', async () => {
  vi.useRealTimers()
  const issuer = 'https://auth.fga.example'
  let requests = 0
  const fetch: FgaClientOptions['fetch'] = async (input) => {
    if (String(input instanceof Request ? input.url : input).endsWith('/token')) {
      requests++
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    }
    return Response.json({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` })
  }
  const authorizationServer = oidc({ issuer, clientId: 'app', clientSecret: 's' })
  const credentials = { method: 'clientCredentials', authorizationServer, audience: 'https://fga.example' } as const
  await expect(client({ fetch, credentials }).check(asked)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  expect(requests).toBe(1)
})

describe('an answer that says less than it should, or too much, allows nothing (F1)', () => {
  const answer = (text: string, over: object = {}) => ({
    ...{ status: 200, redirected: false, headers: new Headers({ 'openfga-authorization-model-id': MODEL }) },
    text,
    ...over,
  })
  const refused = (why: string) => ({ kind: 'denied', problem: expect.stringContaining(why) })

  test('a batch without results', () => {
    expect(readBatch(answer('{}'), MODEL, ['a', 'b'])).toEqual([refused('no results'), refused('no results')])
  })

  test('a batch that was refused elsewhere is no refusal of the server’s, which might concern one question', () => {
    const elsewhere = answer('{}', { status: 400, redirected: true })
    expect(readBatch(elsewhere, MODEL, ['a'])).toEqual([refused('redirected')])
    expect(readBatch(answer('{}', { status: 400 }), MODEL, ['a'])).toEqual({ refused: expect.any(String) })
  })

  test('a result that says neither yes nor no', () => {
    expect(readItem({})).toEqual(refused('neither'))
    expect(readItem({ allowed: false })).toEqual({ kind: 'denied' })
  })

  test('an answer that says both', () => {
    expect(readBody(answer('{"allowed":false,"allowed":true}'), MODEL)).toEqual({ problem: expect.any(String) })
    expect(readBody(answer('{"allowed":true,"text":"\\": :"}'), MODEL)).toHaveProperty('json.allowed', true)
  })
})

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createEngine, createHandler } from '../src/index.ts'
import { model, tuple } from './models/from-language.ts'

const STORE = '01JDG8ZCQ4T0STDCK70KT0RE01'

function serve(apiToken?: string) {
  const engine = createEngine({
    model: model('type user\ntype document\n  relations\n    define viewer: [user]'),
  })
  const handler = createHandler({ engine, storeId: STORE, ...(apiToken !== undefined && { apiToken }) })
  const write = JSON.stringify({ writes: { tuple_keys: [tuple('user:eve viewer document:1')] } })
  return {
    async send(headers: Record<string, string>, body: BodyInit = write, at = 'http://127.0.0.1:8080') {
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      const response = await handler(new Request(`${at}/stores/${STORE}/write`, init))
      return [response.status, (await response.json()).code]
    },
    isThere: () => engine.check(tuple('user:eve viewer document:1')),
  }
}

const json = { 'content-type': 'application/json' }

describe('without a token, a page of another origin writes nothing', () => {
  test.each([
    ['as text, which needs no leave', { 'content-type': 'text/plain' }],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as text that names JSON', { 'content-type': 'text/plain; application/json' }],
    ['without a type', {}],
  ])('%s', async (_name, headers) => {
    const { send, isThere } = serve()
    expect(
      await send(
        headers,
        new Blob([JSON.stringify({ writes: { tuple_keys: [tuple('user:eve viewer document:1')] } })]),
      ),
    ).toEqual([400, 'validation_error'])
    expect(await isThere()).toBe(false)
  })

  test.each([
    ['its origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:3000' }],
    ['an origin that it hides', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['the same site', { 'sec-fetch-site': 'same-site' }],
  ])('as JSON, with %s', async (_name, headers: Record<string, string>) => {
    const { send, isThere } = serve()
    expect(await send({ ...json, ...headers })).toEqual([403, 'forbidden'])
    expect(await isThere()).toBe(false)
  })
})

test('without a token, a page of a name that was rebound to this machine writes nothing', async () => {
  const { send, isThere } = serve()
  const origin = 'http://evil.example:8080'
  const more = { origin, 'sec-fetch-site': 'same-origin' }
  for (const headers of [{ origin }, more]) {
    expect(await send({ ...json, ...headers }, undefined, origin)).toEqual([403, 'forbidden'])
  }
  expect(await isThere()).toBe(false)
  // Another owner gets no certificate for this name.
  expect(await send({ ...json, origin: 'https://fga.example' }, undefined, 'https://fga.example')).toEqual([
    200,
    undefined,
  ])
})

test.each([undefined, '', 7])('a token that is %j is a mistake, and no handler without a token', (apiToken) => {
  const engine = createEngine({ model: model('type user') })
  expect(() => createHandler({ engine, storeId: STORE, apiToken: apiToken as never })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'apiToken' }),
  )
})

test('a client that is no page is let in, and so is a page of the own origin', async () => {
  for (const headers of [{}, { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }]) {
    const { send, isThere } = serve()
    expect(await send({ 'content-type': 'application/json; charset=utf-8', ...headers })).toEqual([200, undefined])
    expect(await isThere()).toBe(true)
  }
})

test('with a token the token decides: no page has it that was not given it', async () => {
  const { send } = serve('secret')
  const origin = 'https://console.example'
  expect(await send({ ...json, origin })).toEqual([401, 'bearer_token_missing'])
  expect(await send({ 'content-type': 'text/plain', origin, authorization: 'Bearer secret' })).toEqual([200, undefined])
})

test('a body without end is read no further than a server would', async () => {
  let sent = 0
  const endless = new ReadableStream({
    pull(controller) {
      sent += 65_536
      controller.enqueue(new Uint8Array(65_536).fill(32))
    },
  })
  expect(await serve().send(json, endless)).toEqual([400, 'exceeded_entity_limit'])
  expect(sent).toBeLessThan(1_000_000)
})

test('a body that does not come is waited for half a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const read = Promise.withResolvers<void>()
  const body = new ReadableStream({ pull: () => read.resolve() }, { highWaterMark: 0 })
  const answer = serve().send(json, body)
  await read.promise
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await answer).toEqual([400, 'validation_error'])
})

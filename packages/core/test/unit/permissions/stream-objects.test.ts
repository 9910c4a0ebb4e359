import { delay } from 'msw'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { client, fgaServer, MODEL } from './fga-server.ts'

const fga = fgaServer()
const list = { user: 'user:ann', relation: 'viewer', type: 'doc' }
const answers = (body: unknown, init: ResponseInit = {}) => fga.misbehave(() => Response.json(body, init))

async function all(stream: AsyncIterable<string>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of stream) names.push(name)
  return names
}

/** A body in pieces, with a pause between them. */
function pieces(texts: readonly string[], end: 'close' | 'reset' | 'hang' = 'close', pauseMs = 0): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const text of texts) {
        controller.enqueue(encoder.encode(text))
        if (pauseMs > 0) await delay(pauseMs)
      }
      if (end === 'close') controller.close()
      if (end === 'reset') controller.error(new TypeError('terminated'))
    },
  })
  return new Response(body, { headers: { 'Openfga-Authorization-Model-Id': MODEL } })
}
const line = (name: string) => `{"result":{"object":"${name}"}}\n`

describe('streamObjects', () => {
  test('repeats the words of a server that refuses it, which stand within `error`', async () => {
    fga.misbehave(() => Response.json({ error: { code: 3, message: 'no such type', details: [] } }, { status: 400 }))
    await expect(client().streamObjects(list)[Symbol.asyncIterator]().next()).rejects.toThrow('no such type')
  })

  test('gives names as they come, over any cut of the bytes', async () => {
    const text = `${line('doc:1')}${line('doc:ü')}\n${line('doc:3')}`
    const bytes = new TextEncoder().encode(text)
    for (const size of [1, 7, 1_000]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
          controller.close()
        },
      })
      fga.misbehave(() => new Response(body))
      const stream = client().streamObjects(list)
      expect(await all(stream)).toEqual(['doc:1', 'doc:ü', 'doc:3'])
      expect(stream.mayBeCutOff).toBeUndefined()
    }
    expect(fga.sent[0]?.endpoint).toBe('streamed-list-objects')
  })

  test('says that the server’s deadline may have passed', async () => {
    fga.misbehave(() => pieces([line('doc:1'), line('doc:2')], 'close', 40))
    const stream = client().streamObjects({ ...list, serverDeadlineMs: 50 })
    await all(stream)
    expect(stream.mayBeCutOff).toBe('deadline')
  })

  test.each([
    ['breaks off between lines', [line('doc:1')], 'reset', TransportError],
    ['breaks off within one', [line('doc:1'), '{"result":{"obj'], 'close', TransportError],
    ['ends with an error', [line('doc:1'), '{"error":{"message":"deadline"}}\n'], 'close', TransportError],
    ['hangs', [line('doc:1')], 'hang', TransportError],
    ['names another type', [line('doc:1'), line('user:ann')], 'close', InvalidResponseError],
    ['names nothing', [line('doc:1'), '{}\n'], 'close', InvalidResponseError],
    ['has an endless line', [line('doc:1'), 'x'.repeat(20_000)], 'hang', InvalidResponseError],
  ] as const)('that %s is no whole list', async (_, texts, end, error) => {
    const stream = client({
      timeoutMs: 1_000,
      fetch: () => Promise.resolve(pieces(texts, end)),
    }).streamObjects(list)
    const names: string[] = []
    const reading = (async () => {
      for await (const name of stream) names.push(name)
    })()
    await expect(reading).rejects.toThrow(error)
    expect(names.length).toBeLessThanOrEqual(1)
  })

  test('stops the server when its reader leaves', async () => {
    let aborted = false
    const one = client({
      fetch: (_, init) => {
        init?.signal?.addEventListener('abort', () => {
          aborted = true
        })
        return Promise.resolve(pieces([line('doc:1'), line('doc:2')], 'hang'))
      },
    })
    for await (const name of one.streamObjects(list)) {
      expect(name).toBe('doc:1')
      break
    }
    expect(aborted).toBe(true)
  })

  test('is refused, and answered by another model, as a list is', async () => {
    answers({ code: 'relation_not_found', message: 'x' }, { status: 400 })
    await expect(all(client().streamObjects(list))).rejects.toThrow(ConfigurationError)
    fga.misbehave(() => new Response(line('doc:1'), { headers: { 'Openfga-Authorization-Model-Id': 'another' } }))
    await expect(all(client().streamObjects(list))).rejects.toThrow('another authorization model')
    fga.misbehave(() => new Response('<html>', { status: 200 }))
    await expect(all(client().streamObjects(list))).rejects.toThrow(TransportError)
  })

  test('its caller may leave', async () => {
    const controller = new AbortController()
    const hangs = client({ fetch: () => Promise.resolve(pieces([line('doc:1')], 'hang')) })
    const reading = all(hangs.streamObjects(list, { signal: controller.signal }))
    setTimeout(() => controller.abort(new Error('the user went away')), 40)
    await expect(reading).rejects.toThrow('the user went away')
  })
})

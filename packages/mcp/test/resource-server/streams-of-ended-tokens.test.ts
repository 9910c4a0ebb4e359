import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type McpHandler, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** A token is taken for that long after its end: clocks differ. */
const SKEW_SECONDS = 30

/** A gate for which a token is about to be refused, and an event stream behind it that ends by itself after `close`. */
async function nearTheEnd() {
  const token = await world.token('ann')
  const { expiresAt = 0 } = await world.identity(token)
  const opened = Date.now()
  const clock = { now: () => (expiresAt + SKEW_SECONDS - 2) * 1000 + Date.now() - opened }
  const sources: { close(): void; fail(error: Error): void; readonly cancelled: Promise<void> }[] = []
  const handler: McpHandler = async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>()
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: first\n\n'))
        sources.push({ close: () => controller.close(), fail: (error) => controller.error(error), cancelled })
      },
      cancel: () => resolve(),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const served = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, clock }).handle(
    handler,
  )
  const open = async (body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const post = body && { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }) }
    const response = await served(new Request(world.resource, { headers, ...post }))
    return { response, source: sources.at(-1) }
  }
  return { open }
}

test.each([
  ['that a client opens with GET', undefined],
  ['of what changes (revision 2026-07-28)', { method: 'subscriptions/listen', params: {} }],
])('a stream %s ends when its token is refused, and so does what fills it', async (_name, body) => {
  const { open } = await nearTheEnd()
  const { response, source } = await open(body)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('data: first\n\n')
  await source?.cancelled
  expect((await open(body)).response.status).toBe(401)
})

test('the answer to a call goes on: without it, its client would call again', async () => {
  const { open } = await nearTheEnd()
  const { response, source } = await open({ method: 'tools/call', params: { name: 'x', arguments: {} } })
  const stream = await open()
  await stream.response.text()
  source?.close()
  expect(await response.text()).toBe('data: first\n\n')
})

test('a stream that failed before its token ended does not end the process then', async () => {
  const uncaught: unknown[] = []
  const listener = (error: unknown) => void uncaught.push(error)
  process.on('uncaughtException', listener)
  onTestFinished(() => void process.off('uncaughtException', listener))
  const { open } = await nearTheEnd()
  const { response, source } = await open()
  const reader = response.body?.getReader()
  await reader?.read()
  source?.fail(new Error('the server behind went away'))
  await expect(reader?.read()).rejects.toThrow('went away')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(uncaught).toEqual([])
})

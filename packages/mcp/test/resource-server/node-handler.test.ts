import { request } from 'node:http'
import { oidc } from '@behalf/core/providers'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { McpHandler, McpResourceServer, NodeHandlerOptions } from '../../src/server/index.ts'
import { mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { openPort } from '../http-server.ts'

/** A gate that admits every request: these tests are about the code behind it. */
async function serve(handler: McpHandler, options?: NodeHandlerOptions) {
  const port = await openPort()
  onTestFinished(() => port.close())
  const resource = `${port.origin}/mcp`
  const gate = mcpResourceServer({
    resource,
    authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'mcp' }),
  })
  const open: McpResourceServer = { ...gate, handle: (inner) => (asked) => inner(asked, {}) }
  port.serve(nodeHandler(open, handler, options))
  return resource
}

/** A body that goes on until it is cancelled. */
function endless(chunk: Uint8Array) {
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(chunk),
    cancel: () => cancelled.resolve(),
  })
  return { body, cancelled: cancelled.promise }
}

test('who goes away while the answer is made leaves no stream behind', async () => {
  const { body, cancelled } = endless(new Uint8Array(8))
  const asked = Promise.withResolvers<void>()
  const resource = await serve(async ({ signal }) => {
    asked.resolve()
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    return new Response(body)
  })
  const outgoing = request(resource, { method: 'POST' }).once('error', () => {})
  outgoing.end()
  await asked.promise
  outgoing.destroy()
  await expect(cancelled).resolves.toBeUndefined()
})

test('who goes away without reading leaves no stream behind', async () => {
  const { body, cancelled } = endless(new Uint8Array(256 * 1024))
  const resource = await serve(async () => new Response(body))
  const outgoing = request(resource, { method: 'POST' }, (response) => {
    response.pause()
    setTimeout(() => response.destroy(), 100)
  }).once('error', () => {})
  outgoing.end()
  await expect(cancelled).resolves.toBeUndefined()
})

const fails: McpHandler = async () => {
  throw new Error('postgres://admin:secret@db')
}

test.each([
  [
    'throws',
    () => {
      throw new Error('a handler that fails')
    },
  ],
  ['rejects', () => Promise.reject(new Error('a handler that fails'))],
])('an error reaches `onError`, which %s, and the client is told no more than 500', async (_name, fail) => {
  const seen: unknown[] = []
  const onError = (error: unknown) => {
    seen.push(error)
    return fail() as never
  }
  const response = await fetch(await serve(fails, { onError }), { method: 'POST' })
  expect(response.status).toBe(500)
  expect(await response.text()).toBe('')
  expect(seen.map(String)).toEqual(['Error: postgres://admin:secret@db'])
})

test('without `onError` an error is written to the console, without its message', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  expect((await fetch(await serve(fails), { method: 'POST' })).status).toBe(500)
  expect(written).toHaveBeenCalledOnce()
  expect(String(written.mock.calls[0])).toMatch(
    /^@behalf\/mcp: a request failed with Error: .+\n\s+at .*node-handler\.test/,
  )
  expect(String(written.mock.calls)).not.toContain('secret')
})

test('with `next` an error is its alone', async () => {
  const port = await openPort()
  onTestFinished(() => port.close())
  const resource = `${port.origin}/mcp`
  const gate = mcpResourceServer({
    resource,
    authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'mcp' }),
  })
  const seen: string[] = []
  const handle = nodeHandler({ ...gate, handle: (inner) => (asked) => inner(asked, {}) }, fails, {
    onError: () => void seen.push('onError'),
  })
  port.serve((incoming, outgoing) =>
    handle(incoming, outgoing, () => {
      seen.push('next')
      outgoing.writeHead(503).end()
    }),
  )
  expect((await fetch(resource, { method: 'POST' })).status).toBe(503)
  expect(seen).toEqual(['next'])
})

test('an answer that fails in the middle breaks off, and does not look complete', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  const pieces = [() => new TextEncoder().encode('{"result":"bought 10'), () => Promise.reject(new Error('secret'))]
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: async (controller) => controller.enqueue(await (pieces.shift() as () => Uint8Array)()),
    })
  const response = await fetch(await serve(async () => new Response(body())), { method: 'POST' })
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow('terminated')
  expect(written).toHaveBeenCalledOnce()
})

test('a stream is open at its client before its first event', async () => {
  const silent = new ReadableStream<Uint8Array>()
  const response = await fetch(await serve(async () => new Response(silent, { headers: { 'x-open': 'yes' } })))
  expect(response.headers.get('x-open')).toBe('yes')
  await response.body?.cancel()
})

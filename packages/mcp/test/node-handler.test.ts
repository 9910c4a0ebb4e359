import { request } from 'node:http'
import { oidc } from '@behalf/core/providers'
import { expect, onTestFinished, test } from 'vitest'
import type { McpGate, McpHandler } from '../src/server/index.ts'
import { createMcpGate, nodeHandler } from '../src/server/index.ts'
import { openPort } from './http-server.ts'

/** A gate that lets everybody pass: what is tried here is what comes after it. */
async function serve(handler: McpHandler) {
  const port = await openPort()
  onTestFinished(() => port.close())
  const resource = `${port.origin}/mcp`
  const gate = createMcpGate({ resource, authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'mcp' }) })
  const open: McpGate = { ...gate, handle: (inner) => (asked) => inner(asked, {}) }
  port.serve(nodeHandler(open, handler))
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

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { boundedFetch } from '../src/bounded-fetch.ts'

const MAX = 1024 * 1024

async function serverOf(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test.each([200, 500])('an answer of status %i without end fails, and its connection is closed', async (status) => {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const url = await serverOf((response) => {
    response.once('close', () => resolve())
    response.writeHead(status)
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  const response = await boundedFetch(MAX)(url)
  expect(response.status).toBe(status)
  await expect(response.text()).rejects.toThrow(`larger than ${MAX} bytes`)
  await closed
})

test('an answer that is small until it is unpacked fails', async () => {
  const packed = gzipSync(Buffer.alloc(64 * MAX))
  const url = await serverOf((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed))
  await expect((await boundedFetch(MAX)(url)).text()).rejects.toThrow(`larger than ${MAX} bytes`)
})

test('an answer of just that size is whole', async () => {
  const url = await serverOf((response) => response.writeHead(201, { 'x-own': 'kept' }).end('x'.repeat(MAX)))
  const response = await boundedFetch(MAX)(url)
  expect([response.status, response.headers.get('x-own')]).toEqual([201, 'kept'])
  expect(await response.text()).toHaveLength(MAX)
})

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { TransportError } from '../../../src/base/errors/index.ts'
import { checker, question } from './fga-server.ts'

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

const single = question({ subjects: 'user' })

describe('over HTTP, with the runtime’s own fetch', () => {
  test('an allow allows', async () => {
    const apiUrl = await serve((_, response) => response.end('{"allowed":true}'))
    expect((await checker({ apiUrl, timeoutMs: 60_000 }).check(single)).allowed).toBe(true)
  })

  test('a redirect to an allow denies, and is not followed', async () => {
    const paths: (string | undefined)[] = []
    const apiUrl = await serve((request, response) => {
      paths.push(request.url)
      if (request.url === '/always') response.end('{"allowed":true}')
      else response.writeHead(307, { location: '/always' }).end('{"allowed":true}')
    })
    const decision = await checker({ apiUrl, timeoutMs: 60_000 }).check(single)
    expect(decision).toMatchObject({ allowed: false, checks: [{ problem: 'the answer was redirected' }] })
    expect(paths).toHaveLength(1)
  })

  test('a reset in the middle of an answer is an outage', async () => {
    let requests = 0
    const apiUrl = await serve((_, response) => {
      requests++
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"allowed":true}')
      setTimeout(() => response.destroy(), 10)
    })
    await expect(checker({ apiUrl, timeoutMs: 60_000 }).check(single)).rejects.toThrow(TransportError)
    expect(requests).toBe(3)
  })

  test('a refused connection is an outage', async () => {
    const apiUrl = await serve(() => {})
    for (const close of servers.splice(0)) close()
    await expect(checker({ apiUrl, timeoutMs: 60_000 }).check(single)).rejects.toThrow(TransportError)
  })
})

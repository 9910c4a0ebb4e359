import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { publicFetch } from '../../../src/entrypoints/node.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

async function serve(listener: Listener = (_, response) => void response.end('hello')) {
  let requests = 0
  let connections = 0
  const server = createServer((request, response) => {
    requests++
    listener(request, response)
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, port, requests: () => requests, connections: () => connections }
}

/** Names that resolve as a test says: one list of addresses after the other. */
function resolver(...answers: readonly (readonly string[])[]) {
  let asked = 0
  const lookup: LookupFunction = (_hostname, options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? []
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all === true) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family)
  }
  return { lookup, asked: () => asked }
}

describe('publicFetch refuses', () => {
  test.each([
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://0x7f000001/',
    'https://localhost/',
    'https://api.localhost/',
    'http://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
  ])('%s, without a lookup', async (url) => {
    const { lookup, asked } = resolver(['8.8.8.8'])
    await expect(publicFetch({ lookup })(url)).rejects.toThrow(InvalidResponseError)
    expect(asked()).toBe(0)
  })

  test.each([
    [['127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['169.254.169.254']],
    [[]],
  ])('a name that resolves to %j, before it connects', async (addresses) => {
    const server = await serve()
    const fetch = publicFetch({ lookup: resolver(addresses).lookup })
    await expect(fetch(`https://api.example:${server.port}/`)).rejects.toThrow(InvalidResponseError)
    expect(server.connections()).toBe(0)
  })

  test('a name that changes its address after it was judged: what was judged is where it connects', async () => {
    const server = await serve()
    const { lookup, asked } = resolver(['2606:4700:4700::1'], ['127.0.0.1'])
    const fetch = publicFetch({ lookup })
    const url = `https://rebind.example:${server.port}/`
    await expect(fetch(url, { signal: AbortSignal.timeout(300) })).rejects.toThrow()
    expect(asked()).toBe(1)
    await expect(fetch(url)).rejects.toThrow(InvalidResponseError)
    expect(server.connections()).toBe(0)
  })

  test('a connection that was opened for an exception does not serve another name', async () => {
    const server = await serve()
    const { lookup } = resolver(['127.0.0.1'])
    const fetch = publicFetch({ except: [`http://localhost:${server.port}`], lookup })
    expect(await (await fetch(`http://localhost:${server.port}/`)).text()).toBe('hello')
    await expect(fetch(`https://localhost:${server.port}/`)).rejects.toThrow(InvalidResponseError)
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow(InvalidResponseError)
    expect(server.connections()).toBe(1)
  })

  test.each([undefined, 'follow', 'error'] as const)('a redirect, with redirect %s', async (redirect) => {
    const server = await serve((_, response) => void response.writeHead(302, { location: '/x' }).end())
    const fetch = publicFetch({ except: [server.origin] })
    await expect(fetch(server.origin, { ...(redirect && { redirect }) })).rejects.toThrow(InvalidResponseError)
    expect((await fetch(server.origin, { redirect: 'manual' })).status).toBe(302)
    expect(server.requests()).toBe(2)
  })

  test('options that it does not know', () => {
    expect(() => publicFetch({ allow: [] } as never)).toThrow(ConfigurationError)
    expect(() => publicFetch({ except: ['https://*.example'] })).toThrow(ConfigurationError)
    expect(() => publicFetch({ except: ['http://10.0.0.1'] })).toThrow(ConfigurationError)
    expect(() => publicFetch({ lookup: 'dns' as never })).toThrow(ConfigurationError)
  })
})

describe('publicFetch otherwise', () => {
  test('sends what it was given, and gives the answer as it was', async () => {
    const server = await serve(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      response.appendHeader('set-cookie', 'a=1').appendHeader('set-cookie', 'b=2')
      response.writeHead(201, { 'x-seen': `${request.method} ${request.headers['content-type']}` })
      response.end(Buffer.concat(chunks))
    })
    const fetch = publicFetch({ except: [server.origin] })
    const body = new URLSearchParams({ a: 'ü' })
    const answer = await fetch(new Request(`${server.origin}/x?y=1`, { method: 'POST', body }))
    expect(answer.status).toBe(201)
    expect(answer.url).toBe(`${server.origin}/x?y=1`)
    expect(answer.headers.get('x-seen')).toContain('POST application/x-www-form-urlencoded')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await answer.text()).toBe('a=%C3%BC')
  })

  test('keeps a connection, and returns no body if the response has no body', async () => {
    const server = await serve((_, response) => void response.writeHead(204).end())
    const fetch = publicFetch({ except: [server.origin] })
    for (let index = 0; index < 3; index++) {
      expect((await fetch(server.origin)).body).toBeNull()
      // The agent has the socket back a little later.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(server.connections()).toBe(1)
  })

  test('ends with its signal, before and during an answer', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/half') response.write('half')
    })
    const fetch = publicFetch({ except: [server.origin] })
    const reason = new Error('enough')
    await expect(fetch(server.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.requests()).toBe(0)
    const hanging = new AbortController()
    setTimeout(() => hanging.abort(reason), 50)
    await expect(fetch(server.origin, { signal: hanging.signal })).rejects.toBe(reason)
    const half = new AbortController()
    const answer = await fetch(`${server.origin}/half`, { signal: half.signal })
    half.abort(reason)
    await expect(answer.text()).rejects.toThrow()
  })

  test('a connection that fails is an outage, and its error holds no token', async () => {
    const server = await serve((request) => void request.socket.destroy())
    const fetch = publicFetch({ except: [server.origin] })
    const error = await fetch(server.origin, { headers: { authorization: 'Bearer s3cret' } }).catch((one) => one)
    expect(error).toBeInstanceOf(TransportError)
    expect(JSON.stringify([error, error.cause, String(error.cause?.stack)])).not.toContain('s3cret')
  })
})

import { createServer, type Server, request as send } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { http, passthrough } from 'msw'
import { afterEach, describe, expect, test } from 'vitest'
import { createApprovalGate, sendWebResponse, webRequest } from '../../../src/entrypoints/resource-server.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { audience, makeApi, proofKey, tokenOf, useIssuer } from './api.ts'

const server = useIssuer()

// The two servers of docs/guides/protect-an-api.md, on real sockets.

const order = { symbol: 'AAPL', quantity: 50 }
const details = { authorization_details: [{ type: 'stock_order', ...order }] }
const placed: unknown[] = []
let listening: Server | undefined
afterEach(() => {
  listening?.close()
  placed.length = 0
})

async function listen(made: Server): Promise<string> {
  listening = made.listen(0, '127.0.0.1')
  await new Promise((resolve) => made.once('listening', resolve))
  const origin = `http://127.0.0.1:${(made.address() as AddressInfo).port}`
  server.use(http.all(`${origin}/*`, () => passthrough()))
  return origin
}

function expressApp() {
  const api = makeApi({ dpop: { store: memoryStore() }, metadata: {} })
  const gate = createApprovalGate({ store: memoryStore() })
  const app = express()
  app.get('/.well-known/oauth-protected-resource', (req, res) =>
    sendWebResponse(res, api.metadata(webRequest(req, audience)) ?? new Response(null, { status: 404 })),
  )
  app.post('/orders', express.json(), async (req, res) => {
    const request = webRequest(req, audience)
    const caller = await api.protect(request, { scopes: ['trade:write'] })
    if (!caller.ok) return sendWebResponse(res, caller.response)
    const answer = await gate.runApproved(request, caller, { ...req.body, type: 'stock_order' }, () => {
      placed.push([caller.identity.kind === 'user' && caller.identity.subject, req.body])
      return Response.json({ id: placed.length }, { status: 201 })
    })
    return sendWebResponse(res, answer)
  })
  return createServer(app)
}

const post = (origin: string, headers: Record<string, string>, body: unknown = order) =>
  fetch(`${origin}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** Sends a request line as it stands: `fetch` would resolve its target. */
async function postRaw(origin: string, target: string, { token, dpop }: { token: string; dpop: string }) {
  const body = JSON.stringify(order)
  const headers = { host: 'x', authorization: `DPoP ${token}`, dpop, 'idempotency-key': 'k', connection: 'close' }
  const lines = Object.entries({ ...headers, 'content-type': 'application/json', 'content-length': body.length })
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.write(
    `POST ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  return text(socket)
}

describe('an Express server', () => {
  test('takes an approved order, once', async () => {
    const origin = await listen(expressApp())
    const headers = { authorization: `Bearer ${await tokenOf(details)}`, 'idempotency-key': 'k1' }
    const first = await post(origin, headers)
    expect([first.status, await first.json()]).toEqual([201, { id: 1 }])
    const again = await post(origin, headers)
    expect([again.status, await again.json(), again.headers.get('idempotent-replayed')]).toEqual([
      201,
      { id: 1 },
      'true',
    ])
    expect((await post(origin, { ...headers, 'idempotency-key': 'k2' })).status).toBe(409)
    expect((await post(origin, headers, { ...order, quantity: 500 })).status).toBe(401)
    expect(placed).toEqual([['ann', order]])
  })

  test('asks for a token, and says where to get one', async () => {
    const origin = await listen(expressApp())
    const refused = await post(origin, {})
    expect(refused.status).toBe(401)
    const place = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] as string
    const document = await fetch(origin + new URL(place).pathname)
    expect(await document.json()).toMatchObject({ resource: audience })
  })

  test('takes a bound token by its public origin, whatever Host says', async () => {
    const origin = await listen(expressApp())
    const key = await proofKey()
    const token = await key.token(details)
    const dpop = await key.proof(token, { htm: 'POST', htu: `${audience}/orders` })
    const headers = { authorization: `DPoP ${token}`, dpop, 'idempotency-key': 'k1' }
    expect((await post(origin, headers)).status).toBe(201)
    const replayed = await post(origin, headers)
    expect(replayed.headers.get('www-authenticate')).toContain('invalid_dpop_proof')
  })

  test('sees a header that was sent twice', async () => {
    const origin = await listen(expressApp())
    const key = await proofKey()
    const token = await key.token(details)
    const proof = () => key.proof(token, { htm: 'POST', htu: `${audience}/orders` })
    const answered = Promise.withResolvers<string | undefined>()
    const request = send(`${origin}/orders`, { method: 'POST' }, (response) =>
      answered.resolve(response.headers['www-authenticate']),
    )
    request.setHeader('authorization', `DPoP ${token}`)
    request.setHeader('dpop', [await proof(), await proof()])
    request.end()
    expect(await answered.promise).toContain('proof is not acceptable: several')
  })

  test.each(['HTTPS://api.example.com/orders', 'https://api.example.com:443/orders', 'http://else.example/orders'])(
    'takes no proof for its front page where its router finds a route in the address: %s',
    async (target) => {
      const origin = await listen(expressApp())
      const key = await proofKey()
      const token = await key.token({ ...details, jti: target })
      const dpop = await key.proof(token, { htm: 'POST', htu: `${audience}/` })
      expect(await postRaw(origin, target, { token, dpop })).toContain('proof is not acceptable: url')
      expect(placed).toEqual([])
    },
  )

  test.each([
    ['/orders/../prices', '/prices'],
    ['/orders/%2e%2E/prices', '/prices'],
    ['/orders/./', '/orders/'],
    ['/orders/a/..?b', '/orders/'],
    ['/orders/a/.#b', '/orders/a/'],
    ['/orders\\..\\prices', '/prices'],
    ['/orders\\a', '/orders/a'],
    [`${audience}/orders/../prices`, '/prices'],
  ])(
    'takes no proof for the path to which a URL parser resolves the one that its router sees: %s',
    async (target, path) => {
      const api = makeApi({ dpop: { store: memoryStore() } })
      const app = express()
      app.use(async (req, res) => {
        const caller = await api.protect(webRequest(req, audience))
        if (!caller.ok) return sendWebResponse(res, caller.response)
        placed.push(req.url)
        return res.end()
      })
      const origin = await listen(createServer(app))
      const key = await proofKey()
      const token = await key.token({ jti: target })
      const proof = (htu: string) => key.proof(token, { htm: 'POST', htu: audience + htu })
      const answered = await postRaw(origin, target, { token, dpop: await proof(path) })
      expect(answered).toContain('proof is not acceptable: url')
      expect(placed).toEqual([])
      expect(await postRaw(origin, path, { token, dpop: await proof(path) })).toContain('200 OK')
    },
  )
})

describe('a fetch-style server', () => {
  const api = makeApi()
  const gate = createApprovalGate({ store: memoryStore() })
  const handle = async (request: Request): Promise<Response> => {
    const caller = await api.protect(request, { scopes: ['trade:write'] })
    if (!caller.ok) return caller.response
    const body = await request.json()
    return gate.runApproved(request, caller, { ...body, type: 'stock_order' }, () => {
      placed.push(body)
      return Response.json({ ok: true }, { status: 201 })
    })
  }

  test('takes an approved order, once', async () => {
    const headers = { authorization: `Bearer ${await tokenOf({ ...details, jti: 'fetch' })}`, 'idempotency-key': 'k' }
    const ask = () =>
      handle(new Request(`${audience}/orders`, { method: 'POST', headers, body: JSON.stringify(order) }))
    expect([(await ask()).status, (await ask()).status]).toEqual([201, 201])
    expect(placed).toEqual([order])
    expect((await handle(new Request(`${audience}/orders`))).status).toBe(401)
  })
})

describe('webRequest', () => {
  const made = (parts: object) => webRequest({ method: 'GET', rawHeaders: [], ...parts }, audience)
  test.each([
    ['/a?b=c', `${audience}/a?b=c`],
    ['//evil.example.com/a', `${audience}//evil.example.com/a`],
    ['http://evil.example.com/a', `${audience}/http://evil.example.com/a`],
    ['HTTPS://api.example.com:443/a', `${audience}/HTTPS://api.example.com:443/a`],
    [`${audience}/a?b=c`, `${audience}/a?b=c`],
    [`${audience}.evil.example.com/a`, `${audience}/${audience}.evil.example.com/a`],
    [`${audience}@evil.example.com/a`, `${audience}/${audience}@evil.example.com/a`],
    ['*', `${audience}/*`],
    ['.evil.example.com/', `${audience}/.evil.example.com/`],
    ['@evil.example.com/', `${audience}/@evil.example.com/`],
    [undefined, `${audience}/`],
  ])('stays at its origin: %s', (url, expected) => {
    expect(made({ url }).url).toBe(expected)
  })

  test('takes the whole address where a router took part of it', () => {
    expect(made({ url: '/orders', originalUrl: '/v1/orders' }).url).toBe(`${audience}/v1/orders`)
  })

  test('keeps repeated headers, and leaves HTTP/2’s own out', () => {
    const rawHeaders = [':path', '/a', 'Authorization', 'a', 'authorization', 'b']
    expect([...made({ rawHeaders }).headers]).toEqual([['authorization', 'a, b']])
  })

  test.each([
    ['HTTP/2', [':authority', 'a.example'], 'a.example'],
    ['HTTP/2 with both', [':authority', 'a.example', 'host', 'b.example'], 'b.example'],
  ])('has the host that was asked for: %s', (_, rawHeaders, host) => {
    expect(made({ rawHeaders }).headers.get('host')).toBe(host)
  })

  test('refuses an invalid origin', () => {
    expect(() => webRequest({ rawHeaders: [] }, 'api.example.com')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })
})

test('sendWebResponse sends status, headers and each cookie', async () => {
  const sent: [string, string | readonly string[]][] = []
  const outgoing = {
    statusCode: 0,
    setHeader: (name: string, value: string | readonly string[]) => sent.push([name, value]),
    end: (body?: Uint8Array) => sent.push(['end', new TextDecoder().decode(body)]),
  }
  const headers = new Headers({ 'x-a': '1' })
  for (const cookie of ['a=1', 'b=2']) headers.append('set-cookie', cookie)
  await sendWebResponse(outgoing, new Response('body', { status: 418, headers }))
  expect(outgoing.statusCode).toBe(418)
  expect(Object.fromEntries(sent)).toMatchObject({ 'x-a': '1', 'set-cookie': ['a=1', 'b=2'], end: 'body' })
})

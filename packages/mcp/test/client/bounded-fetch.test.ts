import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test } from 'vitest'
import { boundedFetch } from '../../src/client/discovery/bounded-fetch.ts'

const bounds = { timeoutMs: 2000, allowLoopback: false, trustedHosts: [] }

/** What the app's own fetch was asked for. */
function recorded(answer: () => Response = () => Response.json({})) {
  const asked: string[] = []
  const fetch = async (input: string | URL | Request) => {
    asked.push(String(input))
    return answer()
  }
  return { asked, fetch }
}

async function serve(status: number, body: string, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('where metadata may lead', () => {
  test.each([
    'http://as.example/token',
    'http://127.0.0.1:3000/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://0x7f000001/',
    'https://[64:ff9b::7f00:1]/',
    'https://as.localhost/',
    'https://localhost./',
    'file:///etc/passwd',
  ])('not to %s', async (url) => {
    const { asked, fetch } = recorded()
    await expect(boundedFetch({ ...bounds, fetch })(url)).rejects.toThrow()
    expect(asked).toEqual([])
  })

  test('to this machine where the MCP server is on it, and to hosts that are trusted', async () => {
    const { asked, fetch } = recorded()
    await boundedFetch({ ...bounds, fetch, allowLoopback: true })('http://127.0.0.1:3000/x')
    await boundedFetch({ ...bounds, fetch, trustedHosts: ['10.0.0.7'] })('https://10.0.0.7/x')
    await boundedFetch({ ...bounds, fetch })('https://as.example/x')
    expect(asked).toEqual(['http://127.0.0.1:3000/x', 'https://10.0.0.7/x', 'https://as.example/x'])
    // Trusted or not, a private network is no reason for plain http.
    await expect(
      boundedFetch({ ...bounds, fetch, trustedHosts: ['as.example'] })('http://as.example/'),
    ).rejects.toThrow()
  })

  test('a name that leads inside is refused when the connection is made', async () => {
    const lookup: LookupFunction = (_name, _options, back) => back(null, [{ address: '127.0.0.1', family: 4 }])
    const strangers = boundedFetch({ ...bounds, lookup })
    await expect(strangers('https://rebound.example/')).rejects.toThrow('no public https address')
    // Connects to a trusted host; no server listens there.
    const trusted = boundedFetch({ ...bounds, lookup, trustedHosts: ['rebound.example'] })
    await expect(trusted('https://rebound.example:1/')).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })

  verifies('MCP-CLIENT-ssrf', 'no redirect is followed, and no flood is read', async () => {
    const here = { ...bounds, allowLoopback: true }
    const moved = await serve(302, '', { location: 'https://evil.example/' })
    await expect(boundedFetch(here)(moved)).rejects.toThrow('redirect')
    const { fetch } = recorded(() => new Response(null, { status: 307, headers: { location: '/x' } }))
    await expect(boundedFetch({ ...here, fetch })('https://as.example/')).rejects.toThrow('redirect')
    // A fetch of the app that follows a redirect in spite of us: another server answered.
    const target = await serve(200, '{"issuer":"https://evil.example"}')
    const through = await serve(302, '', { location: target })
    const follows = (input: string | URL | Request) => globalThis.fetch(input)
    await expect(boundedFetch({ ...here, fetch: follows })(through)).rejects.toThrow('redirect')
    await expect(boundedFetch(here)(await serve(200, 'x'.repeat(600_000)))).rejects.toThrow('more than')
  })

  test('who does not answer is not waited for', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.closeAllConnections())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const slow = boundedFetch({ ...bounds, allowLoopback: true, timeoutMs: 100 })(url)
    await expect(slow).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })

  test('a body is sent as it is, and the answer comes as it was', async () => {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      response.writeHead(201, { 'x-type': request.headers['content-type'] ?? '' }).end(Buffer.concat(chunks))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const body = new URLSearchParams({ a: 'ü' })
    const answer = await boundedFetch({ ...bounds, allowLoopback: true })(url, { method: 'POST', body })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('x-type')).toContain('application/x-www-form-urlencoded')
    expect(await answer.text()).toBe('a=%C3%BC')
  })
})

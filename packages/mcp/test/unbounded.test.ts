import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { memoryStore } from '@behalf/core'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMcpSession, type McpAccess, machineAccess } from '../src/client/index.ts'
import { mcpResourceServer, nodeHandler } from '../src/server/index.ts'
import { clients } from './clients.ts'
import { openPort } from './http-server.ts'
import { openWorld } from './world.ts'

/** Says that a body of a gigabyte comes, and sends a little of it. @returns the answer, once the server has closed. */
function sendSlowly(resource: string, authorization: string): Promise<string> {
  const { hostname, port, host, pathname } = new URL(resource)
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    authorization,
    'Content-Type: application/json',
    'Content-Length: 1000000000',
  ]
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join('\r\n')}\r\n\r\n{"jsonrpc":`))
    socket.on('data', (data) => {
      answer += data.toString()
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
    onTestFinished(() => void socket.destroy())
  })
}

test('a body behind a token that does not verify is not waited for', async () => {
  const world = await openWorld()
  onTestFinished(() => world.close())
  const mcp = createMcpHandler(() => new McpServer({ name: 'x', version: '1' }))
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, mcp.fetch))
  for (const header of ['Authorization: Bearer garbage', 'Authorization: Bearer a.b.c', 'X-Nothing: 1']) {
    expect(await sendSlowly(world.resource, header)).toMatch(/^HTTP\/1.1 401 /)
  }
})

test('a body that is too large is answered, over a connection that ends', async () => {
  const world = await openWorld()
  onTestFinished(() => world.close())
  const mcp = createMcpHandler(() => new McpServer({ name: 'x', version: '1' }))
  const options = { resource: world.resource, authorizationServer: world.profile, maxBodyBytes: 5 }
  world.port.serve(nodeHandler(mcpResourceServer(options), mcp.fetch))
  const answer = await sendSlowly(world.resource, `Authorization: Bearer ${await world.token('ann')}`)
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
})

/** An MCP server whose answers go on for 200 MB. */
async function flooding(headOf: (request: IncomingMessage, origin: string) => Head) {
  const port = await openPort()
  onTestFinished(() => port.close())
  const flood = { sent: 0, serverUrl: `${port.origin}/mcp` }
  port.serve((request, response) => {
    const { status, headers = {}, floods = false } = headOf(request, port.origin)
    response.writeHead(status, headers)
    if (!floods) return response.end()
    const more = () => {
      for (; !response.destroyed && flood.sent < 200 * 1024 * 1024; ) {
        flood.sent += 64 * 1024
        if (!response.write(' '.repeat(64 * 1024))) return void response.once('drain', more)
      }
      response.end()
    }
    more()
    return response
  })
  return flood
}

/** The kinds of access: a user by a session, and machines. */
const accesses: Readonly<Record<string, (serverUrl: string) => McpAccess>> = {
  'a session': (serverUrl) =>
    createMcpSession({
      serverUrl,
      owner: 'ann',
      client: { name: 'x', redirectUri: 'http://127.0.0.1/callback' },
      showSignIn: () => {},
      store: memoryStore(),
    }),
  'a machine': (serverUrl) =>
    machineAccess({ serverUrl, issuer: new URL(serverUrl).origin, clientId: 'nightly', clientSecret: 'a-secret' }),
}

interface Head {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly floods?: boolean
}

const isMcp = ({ headers }: IncomingMessage) => headers.accept?.includes('text/event-stream') === true

describe.each(clients.filter(({ takesFetch }) => takesFetch))('by $name', ({ connect: connectBy }) => {
  const floods: Record<string, (request: IncomingMessage, origin: string) => Head> = {
    'metadata at the MCP server’s own address': (request, origin) => {
      const headers = { 'www-authenticate': `Bearer resource_metadata="${origin}/mcp"` }
      if (isMcp(request)) return { status: 401, headers }
      const type = { 'content-type': 'application/json' }
      return request.url === '/mcp' ? { status: 200, headers: type, floods: true } : { status: 404 }
    },
    'a refusal of the MCP server': (request) => (isMcp(request) ? { status: 500, floods: true } : { status: 404 }),
    'a redirect of the MCP server': (request) => (isMcp(request) ? { status: 302, floods: true } : { status: 404 }),
  }

  const cases = Object.keys(floods).flatMap((name) => Object.keys(accesses).map((access) => [name, access] as const))
  test.each(cases)('%s is read within bounds, by %s', async (name, access) => {
    const flood = await flooding((request, origin) => floods[name]?.(request, origin) ?? { status: 404 })
    const given = accesses[access]?.(flood.serverUrl) as McpAccess
    await expect(connectBy(given, flood.serverUrl)).rejects.toThrow()
    expect(flood.sent).toBeGreaterThan(0)
    expect(flood.sent).toBeLessThan(16 * 1024 * 1024)
  })
})

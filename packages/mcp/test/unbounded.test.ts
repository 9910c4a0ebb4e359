import { connect } from 'node:net'
import { memoryStore } from '@behalf/core'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { expect, onTestFinished, test } from 'vitest'
import { createMcpSession } from '../src/client/index.ts'
import { createMcpGate, nodeHandler } from '../src/server/index.ts'
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
  const gate = createMcpGate({ resource: world.resource, authorizationServer: world.profile })
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
  world.port.serve(nodeHandler(createMcpGate(options), mcp.fetch))
  const answer = await sendSlowly(world.resource, `Authorization: Bearer ${await world.token('ann')}`)
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
})

test.each(clients.filter(({ takesFetch }) => takesFetch))(
  'metadata at the MCP server’s own address is read within bounds by $name',
  async ({ connect: connectBy }) => {
    const port = await openPort()
    onTestFinished(() => port.close())
    let sent = 0
    port.serve((request, response) => {
      if (request.headers.accept?.includes('text/event-stream') === true) {
        const challenge = `Bearer resource_metadata="${port.origin}/mcp"`
        return response.writeHead(401, { 'www-authenticate': challenge }).end()
      }
      if (request.url !== '/mcp') return response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        for (; !response.destroyed && sent < 200 * 1024 * 1024; ) {
          sent += 64 * 1024
          if (!response.write(' '.repeat(64 * 1024))) return void response.once('drain', more)
        }
        response.end()
      }
      more()
      return response
    })
    const session = createMcpSession({
      serverUrl: `${port.origin}/mcp`,
      owner: 'ann',
      client: { name: 'x', redirectUri: 'http://127.0.0.1/callback' },
      showSignIn: () => {},
      store: memoryStore(),
    })
    await expect(connectBy(session, `${port.origin}/mcp`)).rejects.toThrow()
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(8 * 1024 * 1024)
  },
)

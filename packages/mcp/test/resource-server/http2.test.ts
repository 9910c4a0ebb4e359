import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { oidc } from '@behalf/core/providers'
import { verifies } from '@behalf/testing/requirements'
import { expect, onTestFinished, test } from 'vitest'
import { mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { echo } from './echo.ts'

test(verifies('I12', 'a name that was led here is refused over HTTP/2 too, which has no Host'), async () => {
  const resource = 'https://mcp.example/mcp'
  const authorizationServer = oidc({ issuer: 'https://as.example', clientId: 'c', clientSecret: 's' })
  const handle = nodeHandler(mcpResourceServer({ resource, authorizationServer }), echo)
  const server = createServer((request, response) => handle(request as never, response as never))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    session.destroy()
    server.close()
  })
  const ask = (authority: string) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/mcp', ':authority': authority })
      stream.once('error', reject)
      stream.once('response', (headers) => resolve(headers[':status']))
      stream.resume().end()
    })
  expect(await ask('mcp.example')).toBe(401)
  expect(await ask('rebound.example')).toBe(403)
})

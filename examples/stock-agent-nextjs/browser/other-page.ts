import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Serves an empty page on another port. @param setCookie - Cookie that it tries to set, byte by byte. */
export async function otherPage(setCookie: readonly string[] = []): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': [...setCookie] })
    // Sent as bytes: with a text, Node.js would write the header in UTF-8.
    response.end(Buffer.from('<title>x</title>'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

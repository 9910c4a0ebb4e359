import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A port on loopback that is taken, and answers 503 until something is served there. */
export interface Listening {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  serve(handler: (request: IncomingMessage, response: ServerResponse) => void): void
  close(): Promise<void>
}

/** Takes a port on loopback: 0 is any free one. */
export async function listen(port: number): Promise<Listening> {
  let handle = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(503).end()
  }
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(handler) {
      handle = handler
    },
    async close() {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TestingError } from '@behalf/testing'

/** An open port on loopback, which answers 503 until a handler is set. */
export interface Listening {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  serve(handler: (request: IncomingMessage, response: ServerResponse) => void): void
  close(): Promise<void>
}

/**
 * Opens a port on loopback: 0 is any free one.
 *
 * Answers 421 to a request with another `Host`: a name that points to loopback (DNS rebinding) has no effect.
 *
 * @throws TestingError `NODE_ENV` is `production`: the servers behind these ports issue the tokens of every user.
 */
export async function listen(port: number): Promise<Listening> {
  refuseProduction()
  let handle = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(503).end()
  }
  let host: string | undefined
  const server = createServer((request, response) => {
    if (request.headers.host === host) handle(request, response)
    else response.writeHead(421, { 'content-type': 'text/plain' }).end(`This is ${host}, and known by no other name.\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin: `http://${host}`,
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

function refuseProduction(): void {
  if (process.env.NODE_ENV !== 'production') return
  throw new TestingError(
    'the sandbox does not start with NODE_ENV=production: any client that reaches it can act as any user',
  )
}

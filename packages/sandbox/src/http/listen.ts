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
 * Answers 421 to a request with another `Host`: a name that points to loopback (DNS rebinding) has no effect. Answers
 * 400 to a target that is no address, such as `http://`.
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
    const isOwn = request.headers.host === host
    if (isOwn && URL.canParse(request.url ?? '/', `http://${host}`)) return handle(request, response)
    const text = isOwn ? 'The target of the request is no address.' : `This is ${host}, and known by no other name.`
    response.writeHead(isOwn ? 400 : 421, { 'content-type': 'text/plain' }).end(`${text}\n`)
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

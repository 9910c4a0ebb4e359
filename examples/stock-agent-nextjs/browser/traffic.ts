import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Proxy between browsers and the app: it forwards and records everything. A browser's own record lacks requests of
 * pages that were closed.
 */
export interface Traffic {
  /** Origin at which browsers find the app, whichever process serves it. */
  readonly origin: string
  /** Sets the app's current port; `undefined` while no process runs. */
  goTo(port: number | undefined): void
  /** Returns all requests and responses so far, with headers and bodies. */
  read(): string
  close(): Promise<void>
}

export async function openTraffic(): Promise<Traffic> {
  const kept: Buffer[][] = []
  let port: number | undefined
  const server = createServer((incoming, outgoing) => {
    const exchange: Buffer[] = []
    kept.push(exchange)
    pass(incoming, outgoing, port, (chunk) => exchange.push(Buffer.from(chunk)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goTo(next) {
      port = next
    },
    read: () => kept.map((exchange) => Buffer.concat(exchange).toString()).join('\n'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number | undefined,
  keep: (chunk: string | Buffer) => void,
): void {
  const { method = 'GET', url: path = '/' } = incoming
  // Asks for uncompressed answers, so that they are readable.
  const headers = { ...incoming.headers, 'accept-encoding': 'identity' }
  keep(`${method} ${path}\n${JSON.stringify(headers)}\n`)
  const fail = () => {
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(502).end('no app is listening')
  }
  if (port === undefined) {
    fail()
    return
  }
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    keep(`\n${answer.statusCode} ${JSON.stringify(answer.rawHeaders)}\n`)
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.on('data', keep).on('error', fail).pipe(outgoing)
  })
  onward.on('error', fail)
  outgoing.on('close', () => onward.destroy())
  incoming.on('data', keep).pipe(onward)
}

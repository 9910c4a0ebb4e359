/** A request as a server gets it. */
export interface Received {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: string
  /** The simulated process that sent it. */
  readonly process: string
}

export type Handler = (request: Received) => Response

/** Sends each request to the server of its host. */
export const networkOf =
  (servers: Readonly<Record<string, Handler>>): Handler =>
  (request) => {
    const server = servers[request.url.host]
    if (server === undefined) throw new TypeError(`no server for ${request.url.host}`)
    return server(request)
  }

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

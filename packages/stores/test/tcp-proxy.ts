import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between a client and its server, and fails in the ways a network does. */
export interface TcpProxy {
  readonly port: number
  /** Connections stay, and nothing passes. */
  hang(): void
  /** Connections break, and new ones are refused. */
  refuse(): Promise<void>
  /** All is well again. */
  mend(): Promise<void>
  /** The next request reaches the server; instead of its answer the client sees the connection break. */
  loseNextAnswer(): void
  /** Answers that were lost so. */
  readonly lost: number
  close(): Promise<void>
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let hangs = false
  let loses = false
  let lost = 0
  let server: Server | undefined

  const accept = (client: Socket) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    if (hangs) client.pause()
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => {
      if (!loses) return void client.write(data)
      loses = false
      lost++
      client.destroy()
    })
    if (hangs) upstream.pause()
  }
  const listen = async (port: number): Promise<number> => {
    server = createServer(accept).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { readonly port: number }).port
  }
  const stop = async () => {
    const closed = server?.listening ? once(server, 'close') : undefined
    server?.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  const port = await listen(0)
  return {
    port,
    get lost() {
      return lost
    },
    hang() {
      hangs = true
      for (const socket of sockets) socket.pause()
    },
    refuse: stop,
    async mend() {
      hangs = false
      for (const socket of sockets) socket.resume()
      if (!server?.listening) await listen(port)
    },
    loseNextAnswer() {
      loses = true
    },
    close: stop,
  }
}

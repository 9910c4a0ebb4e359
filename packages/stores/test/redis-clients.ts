import type { RedisClient } from '@behalf/stores/redis'

export interface OpenClient {
  readonly client: RedisClient
  close(): Promise<void>
}

/** Both client libraries, connected to a port. Loaded when first used: a process that needs neither starts sooner. */
export const clients = {
  async redis(port: number): Promise<OpenClient> {
    const { createClient } = await import('redis')
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },
  async ioredis(port: number): Promise<OpenClient> {
    const { Redis } = await import('ioredis')
    const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => 20 })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.disconnect() }
  },
  /** It sends nothing again by itself: a count counts once, and a delete does not meet its own trace. */
  async ioredisOnce(port: number): Promise<OpenClient> {
    const { Redis } = await import('ioredis')
    const settings = { autoResendUnfulfilledCommands: false, retryStrategy: () => 20 }
    const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, ...settings })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.disconnect() }
  },
}

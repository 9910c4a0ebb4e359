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
}

import type { RedisClient } from '@behalf/stores/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface OpenClient {
  readonly client: RedisClient
  close(): Promise<void>
}

/** Both client libraries, connected to a port. */
export const clients = {
  async redis(port: number): Promise<OpenClient> {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },
  async ioredis(port: number): Promise<OpenClient> {
    const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => 20 })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.disconnect() }
  },
}

import { randomUUID } from 'node:crypto'
import { type RedisStoreOptions, redisStore } from '@behalf/stores/redis'
import type { StoreOutage } from '@behalf/testing/contract'
import { clients, type OpenClient } from './redis-clients.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** Which of the client libraries. */
export type ClientName = keyof typeof clients

/** A store under a prefix of its own, and as many connections to it as a test opens. */
export async function redisUnderTest(
  name: ClientName,
  port: number,
  { prefix = randomUUID(), ...options }: Omit<RedisStoreOptions, 'client'> = {},
) {
  const opened: OpenClient[] = []
  const another = async () => {
    const one = await clients[name](port)
    opened.push(one)
    return redisStore({ client: one.client, prefix, ...options })
  }
  return {
    prefix,
    store: await another(),
    restart: another,
    async close() {
      for (const one of opened) await one.close()
    },
  }
}

/** A store behind a network that a test controls. */
export async function throughProxy(name: ClientName, port: number, options: { readonly timeoutMs?: number } = {}) {
  const proxy = await startTcpProxy(port)
  const under = await redisUnderTest(name, proxy.port, options)
  return {
    ...under,
    proxy,
    async close() {
      await under.close()
      await proxy.close()
    },
  }
}

/** The ways in which a server can be away. */
export function outages(name: ClientName, port: () => number): readonly StoreOutage[] {
  const way = (title: string, interrupt: (proxy: TcpProxy) => void | Promise<void>): StoreOutage => ({
    name: title,
    withinMs: 2_000,
    async create() {
      const under = await throughProxy(name, port(), { timeoutMs: 500 })
      return { ...under, interrupt: async () => interrupt(under.proxy), mend: () => under.proxy.mend() }
    },
  })
  return [way('hangs', (proxy) => proxy.hang()), way('refuses connections', (proxy) => proxy.refuse())]
}

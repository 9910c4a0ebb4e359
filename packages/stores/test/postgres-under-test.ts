import { randomUUID } from 'node:crypto'
import { migrate, type PostgresStoreOptions, postgresStore } from '@behalf/stores/postgres'
import type { StoreOutage } from '@behalf/testing/contract'
import { type OpenPostgresClient, postgresClients } from './postgres-clients.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** Which of the client libraries. */
export type PostgresClientName = keyof typeof postgresClients

/** Makes the tables. */
export async function migrated(name: PostgresClientName, port: number): Promise<void> {
  const { client, close } = await postgresClients[name](port)
  await migrate({ client })
  await close()
}

/** A store under a prefix of its own, and as many clients of it as a test opens. */
export async function postgresUnderTest(
  name: PostgresClientName,
  port: number,
  { prefix = randomUUID(), ...options }: Omit<PostgresStoreOptions, 'client'> = {},
) {
  const opened: OpenPostgresClient[] = []
  const another = async () => {
    const one = await postgresClients[name](port)
    opened.push(one)
    return postgresStore({ client: one.client, prefix, ...options })
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
export async function postgresThroughProxy(
  name: PostgresClientName,
  port: number,
  options: { readonly timeoutMs?: number } = {},
) {
  const proxy = await startTcpProxy(port)
  const under = await postgresUnderTest(name, proxy.port, options)
  return {
    ...under,
    proxy,
    async close() {
      // Broken first: a pool waits for what its connections still do.
      await proxy.close()
      await under.close()
    },
  }
}

/** The ways in which a server can be away. */
export function postgresOutages(name: PostgresClientName, port: () => number): readonly StoreOutage[] {
  const way = (title: string, interrupt: (proxy: TcpProxy) => void | Promise<void>): StoreOutage => ({
    name: title,
    withinMs: 2_000,
    async create() {
      const under = await postgresThroughProxy(name, port(), { timeoutMs: 500 })
      return { ...under, interrupt: async () => interrupt(under.proxy), mend: () => under.proxy.mend() }
    },
  })
  return [way('hangs', (proxy) => proxy.hang()), way('refuses connections', (proxy) => proxy.refuse())]
}

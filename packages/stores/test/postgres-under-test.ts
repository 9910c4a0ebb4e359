import { migrate, type PostgresStoreOptions, postgresStore } from '@behalf/stores/postgres'
import { postgresClients } from './postgres-clients.ts'
import { type PostgresServer, startPostgresServer } from './postgres-server.ts'
import { behindProxy, outagesOf, underTest } from './under-test.ts'

/** Which of the client libraries. */
export type PostgresClientName = keyof typeof postgresClients

type Options = Omit<PostgresStoreOptions, 'client'>

/** Makes the tables. */
export async function migrated(name: PostgresClientName, port: number): Promise<void> {
  const { client, close } = await postgresClients[name](port)
  await migrate({ client })
  await close()
}

/** A new server with the tables. */
export async function startMigratedServer(): Promise<PostgresServer> {
  const server = await startPostgresServer()
  await migrated('pg', server.port)
  return server
}

/** A store under a prefix of its own, and as many clients of it as a test opens. */
export const postgresUnderTest = (name: PostgresClientName, port: number, { prefix, ...options }: Options = {}) =>
  underTest(async (own) => {
    const { client, close } = await postgresClients[name](port)
    return { store: postgresStore({ client, prefix: own, ...options }), close }
  }, prefix)

/** A store behind a network that a test controls. */
export const postgresThroughProxy = (name: PostgresClientName, port: number, options: Options = {}) =>
  behindProxy(port, (through) => postgresUnderTest(name, through, options))

/** The ways in which a server can be away. */
export const postgresOutages = (name: PostgresClientName, port: () => number) =>
  outagesOf(() => postgresThroughProxy(name, port(), { timeoutMs: 1_500 }))

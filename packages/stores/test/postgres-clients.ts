import type { PostgresClient } from '@behalf/stores/postgres'

export interface OpenPostgresClient {
  readonly client: PostgresClient
  close(): Promise<void>
}

const HOST = '127.0.0.1'

/** Both client libraries, connected to a port. Loaded when first used: a process that needs neither starts sooner. */
export const postgresClients = {
  async pg(port: number): Promise<OpenPostgresClient> {
    const { Pool } = await import('pg')
    const pool = new Pool({ host: HOST, port, user: 'postgres', max: 4 })
    pool.on('error', () => {})
    return { client: pool, close: () => pool.end() }
  },
  async postgres(port: number): Promise<OpenPostgresClient> {
    const { default: postgres } = await import('postgres')
    // Where the server refuses its query for types, the package leaves a rejection that nothing handles.
    const options = { fetch_types: false, backoff: () => 0.02, onnotice() {} }
    const client = postgres({ host: HOST, port, user: 'postgres', max: 4, ...options })
    return { client, close: () => client.end({ timeout: 0 }) }
  },
}

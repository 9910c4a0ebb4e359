import type { Store } from '@behalf/core'
import { postgresStore } from '@behalf/stores/postgres'
import { redisStore } from '@behalf/stores/redis'
import { sqliteStore } from '@behalf/stores/sqlite'
import { postgresClients } from './postgres-clients.ts'
import { clients } from './redis-clients.ts'

/** Where a process finds its store. */
export type Target =
  | { readonly file: string }
  | (Served & { readonly client: keyof typeof clients })
  | (Served & { readonly postgres: keyof typeof postgresClients })

interface Served {
  readonly port: number
  readonly prefix: string
  readonly timeoutMs?: number
}

export async function openTarget(target: Target): Promise<Store> {
  if ('file' in target) return sqliteStore(target)
  const { port, prefix, timeoutMs = 5_000 } = target
  if ('postgres' in target) {
    const { client } = await postgresClients[target.postgres](port)
    return postgresStore({ client, prefix, timeoutMs })
  }
  const { client } = await clients[target.client](port)
  return redisStore({ client, prefix, timeoutMs })
}

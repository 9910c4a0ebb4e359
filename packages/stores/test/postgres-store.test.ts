import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import {
  hasPostgresServer,
  type PostgresServer,
  postgresServerMissing,
  startPostgresServer,
  withPostgresServer,
} from './postgres-server.ts'
import { migrated, postgresOutages, postgresUnderTest } from './postgres-under-test.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

if (!hasPostgresServer) test('Store contract: PostgreSQL', ({ skip }) => skip(postgresServerMissing))

// One of them on a server that was killed, and read its data from the disk again.
const servers = [
  { name: 'pg', killed: true },
  { name: 'postgres', killed: false },
] as const

describe.concurrent.each(withPostgresServer(servers))('the client $name, server killed before: $killed', (which) => {
  const { name, killed } = which
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgresServer()
    await migrated(name, server.port)
    if (!killed) return
    const before = await postgresUnderTest(name, server.port)
    await before.store.put('key', new Uint8Array([1]), { ifVersion: null })
    await before.close()
    await server.restart()
  }, 60_000)
  afterAll(() => server.stop())

  describeStore(`PostgreSQL, client ${name}`, {
    concurrent: true,
    create: () => postgresUnderTest(name, server.port),
    outages: postgresOutages(name, () => server.port),
  })
})

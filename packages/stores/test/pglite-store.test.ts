import { randomUUID } from 'node:crypto'
import { migrate, type PGliteClient, postgresStore } from '@behalf/stores/postgres'
import { describeStore } from '@behalf/testing/contract'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, expect, vi } from 'vitest'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

let database: PGlite
beforeAll(async () => {
  database = await PGlite.create()
  await migrate({ client: database })
})
afterAll(() => database.close())

// Its clock is that of this process. The suite gives a caller another one, and not its server.
const client: PGliteClient = {
  transaction: () => expect.unreachable('the store begins no transaction'),
  async query(...statement) {
    const mocked = vi.getMockedSystemTime()
    vi.useRealTimers()
    try {
      return await database.query(...statement)
    } finally {
      if (mocked !== null) vi.setSystemTime(mocked)
    }
  },
}

describeStore('PostgreSQL, client PGlite', {
  concurrent: true,
  async create() {
    const prefix = randomUUID()
    const open = () => postgresStore({ client, prefix })
    return { store: open(), restart: async () => open(), close: async () => {} }
  },
})

import { readFileSync } from 'node:fs'
import { postgresStore } from '@behalf/stores/postgres'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasPostgresServer, type PostgresServer, postgresServerMissing } from './postgres-server.ts'
import { startMigratedServer } from './postgres-under-test.ts'

if (!hasPostgresServer) test('tenants in one PostgreSQL', ({ skip }) => skip(postgresServerMissing))

const value = new Uint8Array([1])
const due = { queue: 'queue', inSeconds: 0 }
const away = { reason: 'unavailable', message: 'PostgreSQL refused with 42501' }

/** The statements of the guide, as a reader copies them. */
const page = readFileSync(new URL('../../../docs/guides/stores.md', import.meta.url), 'utf8')
const guide = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql)

describe.runIf(hasPostgresServer)('tenants, by the statements of the guide', () => {
  let server: PostgresServer
  let admin: Pool
  const poolOf = (user: string) => {
    const pool = new Pool({ host: '127.0.0.1', port: server.port, user, database: 'postgres', max: 2 })
    pool.on('error', () => {})
    return pool
  }
  beforeAll(async () => {
    server = await startMigratedServer()
    admin = poolOf('postgres')
    await admin.query('CREATE ROLE agent')
    for (const sql of guide) await admin.query(sql ?? '')
    // The name of one begins with the whole name of another.
    for (const tenant of ['acme', 'acme2']) await admin.query(`CREATE ROLE ${tenant} LOGIN IN ROLE agent`)
  }, 60_000)
  afterAll(async () => {
    await admin.end()
    await server.stop()
  })
  const storeOf = (user: string, prefix: string) => {
    const client = poolOf(user)
    onTestFinished(() => client.end())
    return postgresStore({ client, prefix })
  }

  test('each tenant has all operations on its own records, and finds none of another', async () => {
    const tenants = [storeOf('acme', 'acme'), storeOf('acme2', 'acme2')]
    for (const store of tenants) {
      const first = await store.put('key', value, { ifVersion: null, index: ['index'], due, expiresInSeconds: 60 })
      const version = await store.put('key', value, { ifVersion: first, index: ['index'], due })
      expect(await store.get('key')).toMatchObject({ version })
      expect(await store.list('index', { limit: 5 })).toHaveLength(1)
      expect(await store.increment('count', { windowSeconds: 60 })).toBe(1)
    }
    for (const store of tenants) {
      expect(await store.claimDue('queue', { limit: 5, leaseSeconds: 60 })).toHaveLength(1)
      expect(await store.delete('key')).toBe('deleted')
      expect(await store.list('index', { limit: 5 })).toEqual([])
    }
    const { rows } = await admin.query('SELECT count(*)::int FROM behalf_index')
    expect(rows).toEqual([{ count: 0 }])
  })

  test('a tenant under the prefix of another finds, claims, changes and deletes no record, and cannot write one', async () => {
    const own = storeOf('acme', 'acme')
    const version = await own.put('key', value, { ifVersion: null, index: ['index'], due })
    await own.increment('other', { windowSeconds: 60 })
    const store = storeOf('acme2', 'acme')
    expect(await store.get('key')).toBeUndefined()
    expect(await store.list('index', { limit: 5 })).toEqual([])
    expect(await store.claimDue('queue', { limit: 5, leaseSeconds: 60 })).toEqual([])
    expect(await store.put('key', value, { ifVersion: version })).toBe('conflict')
    expect(await store.delete('key', { ifVersion: version })).toBe('conflict')
    await store.delete('key')
    await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(away)
    await expect(store.put('new', value, { ifVersion: null })).rejects.toMatchObject(away)
    await expect(store.increment('other', { windowSeconds: 60 })).rejects.toMatchObject(away)
    expect(await own.get('key')).toMatchObject({ version, value })
    expect(await own.increment('other', { windowSeconds: 60 })).toBe(2)
  })

  test('a tenant sweeps its own expired records, and a record of the index cannot point into another tenant', async () => {
    const [own, other] = [storeOf('acme', 'acme'), storeOf('acme2', 'acme2')]
    for (const store of [own, other]) await store.put('old', value, { ifVersion: null, expiresAt: 1, index: ['i'] })
    const left = async () => {
      const { rows } = await admin.query(
        "SELECT convert_from(key, 'UTF8') AS key FROM behalf_records WHERE expires_at = 1",
      )
      return rows.map(({ key }) => key)
    }
    expect(await left()).toEqual(['{acme}old', '{acme2}old'])
    await own.put('new', value, { ifVersion: null })
    expect(await left()).toEqual(['{acme2}old'])
    const direct = poolOf('acme2')
    onTestFinished(() => direct.end())
    const insert = "INSERT INTO behalf_index VALUES (convert_to('{acme2}i', 'UTF8'), convert_to('{acme}new', 'UTF8'))"
    await expect(direct.query(insert)).rejects.toMatchObject({ code: '42501' })
  })
})

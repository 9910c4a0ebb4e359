import { Client } from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasPostgresServer, postgresServerMissing, startPostgresServer, withPostgresServer } from './postgres-server.ts'
import { migrated, postgresThroughProxy, postgresUnderTest } from './postgres-under-test.ts'

const value = new Uint8Array([1, 2, 3])
const away = { code: 'ERR_STORE', reason: 'unavailable', retryable: true }

if (!hasPostgresServer) test('a PostgreSQL that was killed', ({ skip }) => skip(postgresServerMissing))

describe.each(withPostgresServer(['pg', 'postgres'] as const))('client %s', (name) => {
  async function started(settings: Readonly<Record<string, string>> = {}) {
    const server = await startPostgresServer({ settings })
    onTestFinished(() => server.stop())
    await migrated(name, server.port)
    return server
  }

  test('a server that was killed holds all that was told as written, also where it may answer before it writes', async () => {
    // It would write to the disk ten seconds after its answer.
    const server = await started({ synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '0' })
    const { store, close } = await postgresUnderTest(name, server.port)
    const version = await store.put('record', value, { ifVersion: null, index: ['index'], expiresInSeconds: 600 })
    await store.put('due', value, { ifVersion: null, due: { queue: 'queue', inSeconds: 0 } })
    await store.put('leased', value, { ifVersion: null, due: { queue: 'leases', inSeconds: 0 } })
    const [claim] = await store.claimDue('leases', { limit: 1, leaseSeconds: 600 })
    await store.put('gone', value, { ifVersion: null })
    await store.delete('gone')
    await store.increment('counter', { windowSeconds: 600 })
    await server.restart()
    // The same store: its client finds the server again.
    const record = await vi.waitFor(() => store.get('record'), { timeout: 5_000 })
    expect(record).toMatchObject({ version, value })
    expect(await store.list('index', { limit: 1 })).toEqual([record])
    expect(await store.get('gone')).toBeUndefined()
    expect(await store.claimDue('leases', { limit: 1, leaseSeconds: 600 })).toEqual([])
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 600 })).toHaveLength(1)
    expect(await store.increment('counter', { windowSeconds: 600 })).toBe(2)
    expect(await store.put('leased', value, { ifVersion: claim?.version ?? null })).not.toBe('conflict')
    await close()
  }, 60_000)

  test('a write whose answer is lost is told as unknown and not repeated, and a read is made again', async () => {
    const server = await started()
    const { store, proxy, close } = await postgresThroughProxy(name, server.port)
    const first = await store.put('key', value, { ifVersion: null })
    await store.increment('count', { windowSeconds: 60 })
    await store.get('key')
    proxy.loseNextAnswer()
    expect(await store.get('key')).toMatchObject({ version: first })
    await store.increment('count', { windowSeconds: 60 })
    proxy.loseNextAnswer()
    await expect(store.increment('count', { windowSeconds: 60 })).rejects.toMatchObject(away)
    expect(proxy.lost).toBe(2)
    expect(await vi.waitFor(() => store.increment('count', { windowSeconds: 60 }))).toBeLessThanOrEqual(4)
    await close()
  }, 60_000)
})

test.runIf(hasPostgresServer)(
  'a standby answers no read, even if it lags behind: a revocation would not count there; once it is promoted, it does',
  async () => {
    const primary = await startPostgresServer()
    onTestFinished(() => primary.stop())
    await migrated('pg', primary.port)
    const before = await postgresUnderTest('pg', primary.port, { prefix: 'standby' })
    await before.store.put('key', value, { ifVersion: null, index: ['index'] })
    await before.close()
    const standby = await startPostgresServer({ standbyOf: primary.port })
    onTestFinished(() => standby.stop())
    const { store, close } = await postgresUnderTest('pg', standby.port, { prefix: 'standby' })
    const refused = { ...away, message: expect.stringContaining('is a standby') }
    await expect(store.get('key')).rejects.toMatchObject(refused)
    await expect(store.list('index', { limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.now()).rejects.toMatchObject(refused)
    await expect(store.put('other', value, { ifVersion: null })).rejects.toMatchObject(refused)
    const admin = new Client({ host: '127.0.0.1', port: standby.port, user: 'postgres' })
    await admin.connect()
    await admin.query('SELECT pg_promote()')
    await admin.end()
    expect(await store.get('key')).toMatchObject({ value })
    expect(await store.put('other', value, { ifVersion: null })).not.toBe('conflict')
    await close()
  },
  60_000,
)

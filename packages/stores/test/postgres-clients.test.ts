import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { migrate, type PostgresClient, postgresStore } from '@behalf/stores/postgres'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  hasPostgresServer,
  type PostgresServer,
  postgresServerMissing,
  startPostgresServer,
} from './postgres-server.ts'

if (!hasPostgresServer) test('clients of PostgreSQL', ({ skip }) => skip(postgresServerMissing))

const value = new Uint8Array([0, 1, 255])
const due = { queue: 'queue', inSeconds: 0 }
const away = { reason: 'unavailable', retryable: true }

describe.runIf(hasPostgresServer)('clients', () => {
  let server: PostgresServer
  let admin: Pool
  const at = (user = 'postgres') => ({ host: '127.0.0.1', port: server.port, user, database: 'postgres' })
  beforeAll(async () => {
    server = await startPostgresServer()
    admin = new Pool(at())
    admin.on('error', () => {})
    // At once, as processes that are deployed together.
    await Promise.all(Array.from({ length: 8 }, () => migrate({ client: admin })))
  }, 60_000)
  afterAll(async () => {
    await admin.end()
    await server.stop()
  })

  async function connected(user?: string): Promise<Client> {
    const client = new Client(at(user))
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.end().catch(() => {}))
    return client
  }
  const js = (options: postgres.Options<Record<string, postgres.PostgresType>> = {}) => {
    const sql = postgres({ ...at(), onnotice() {}, ...options })
    onTestFinished(() => sql.end({ timeout: 0 }))
    return sql
  }

  /** No statement runs any more. */
  async function untilIdle(): Promise<void> {
    const { rows } = await admin.query(
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
    expect(rows).toEqual([])
  }

  /** Each statement of the store. */
  async function works(client: PostgresClient): Promise<void> {
    const store = postgresStore({ client, prefix: randomUUID() })
    expect(Math.abs((await store.now()) - Date.now() / 1000)).toBeLessThan(10)
    const first = await store.put('key', value, { ifVersion: null, index: ['index'], due, expiresInSeconds: 60 })
    const put = await store.put('key', value, { ifVersion: first, index: ['index'], due })
    expect(await store.get('key')).toEqual({ key: 'key', value, version: put })
    expect(await store.list('index', { limit: 5 })).toEqual([{ key: 'key', value, version: put }])
    const [claimed] = await store.claimDue('queue', { limit: 1, leaseSeconds: 60 })
    expect(await store.increment('key', { windowSeconds: 60 })).toBe(1)
    expect(await store.delete('key', { ifVersion: claimed?.version ?? '' })).toBe('deleted')
    expect(await store.delete('key')).toBe('deleted')
  }

  test.each<[string, () => PostgresClient | Promise<PostgresClient>]>([
    ['a Client of pg', () => connected()],
    [
      'postgres that changes names and values',
      () => js({ transform: { ...postgres.toPascal, value: { from: () => 'changed' } } }),
    ],
  ])('%s is taken as it comes', async (_, client) => {
    await works(await client())
  })

  test('settings of a database change nothing: how bytes and numbers are shown, the isolation of transactions, their durability', async () => {
    await admin.query(
      `CREATE ROLE odd LOGIN SUPERUSER; ALTER ROLE odd SET bytea_output = 'escape'; ALTER ROLE odd SET TimeZone = 'Asia/Tokyo';` +
        `ALTER ROLE odd SET default_transaction_isolation = 'serializable'; ALTER ROLE odd SET synchronous_commit = 'off';` +
        'ALTER ROLE odd SET extra_float_digits = -15',
    )
    const client = new Pool({ ...at('odd'), max: 8 })
    onTestFinished(() => client.end())
    await works(client)
    const store = postgresStore({ client, prefix: randomUUID() })
    const totals = await Promise.all(Array.from({ length: 40 }, () => store.increment('key', { windowSeconds: 60 })))
    expect(totals.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  })

  test('a user needs the rights that the guide lists, and no others', async () => {
    await admin.query(
      'CREATE ROLE agent LOGIN; GRANT SELECT ON behalf_schema TO agent;' +
        'GRANT SELECT, INSERT, UPDATE, DELETE ON behalf_records, behalf_index, behalf_counters TO agent',
    )
    const client = await connected('agent')
    await works(client)
    await admin.query('REVOKE INSERT ON behalf_counters FROM agent')
    const refused = { reason: 'unavailable', message: 'PostgreSQL refused with 42501' }
    await expect(postgresStore({ client }).increment('key', { windowSeconds: 1 })).rejects.toMatchObject(refused)
  })

  test('a connection that is inside a transaction of the app is refused: a rollback would take back what was told as written', async () => {
    const client = await connected()
    const store = postgresStore({ client, prefix: randomUUID() })
    const refused = { ...away, message: expect.stringContaining('inside a transaction of the app') }
    await store.increment('key', { windowSeconds: 60 })
    await client.query('BEGIN')
    await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(refused)
    await client.query('COMMIT')
    expect(await store.get('key')).toBeUndefined()
    // Begun while ours waits its turn in the client's queue.
    const began = client.query('BEGIN')
    await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(refused)
    await began
    await client.query('ROLLBACK')
    expect(await store.put('key', value, { ifVersion: null })).not.toBe('conflict')
  })

  test('a transaction and a reserved connection of `postgres` are refused at construction', async () => {
    const sql = js()
    const refused = expect.objectContaining({ code: 'ERR_CONFIGURATION' })
    const reserved = await sql.reserve()
    expect(() => postgresStore({ client: reserved })).toThrow(refused)
    reserved.release()
    await sql.begin(async (client) => {
      expect(() => postgresStore({ client: client as never })).toThrow(refused)
    })
  })

  test('a client that was closed, or is not connected, is an outage at once', async () => {
    const [pool, sql, client] = [new Pool(at()), js(), await connected()]
    await Promise.all([pool.end(), sql.end(), client.end()])
    for (const closed of [pool, sql, client]) {
      const began = performance.now()
      await expect(postgresStore({ client: closed }).get('key')).rejects.toMatchObject(away)
      expect(performance.now() - began).toBeLessThan(1_000)
    }
  })

  test('what was given up is not done when a lock lets it through later', async () => {
    const client = new Pool({ ...at(), max: 8 })
    onTestFinished(() => client.end())
    const prefix = randomUUID()
    const store = postgresStore({ client, prefix })
    const hasty = postgresStore({ client, prefix, timeoutMs: 400 })
    const version = (await store.put('key', value, { ifVersion: null, due })) as string
    await store.put('other', value, { ifVersion: null })
    await store.increment('count', { windowSeconds: 60 })
    const holder = await connected()
    await holder.query('BEGIN; LOCK TABLE behalf_records, behalf_counters IN ACCESS EXCLUSIVE MODE')
    const given = await Promise.allSettled([
      hasty.put('new', value, { ifVersion: null }),
      hasty.put('key', new Uint8Array(), { ifVersion: version }),
      hasty.increment('count', { windowSeconds: 60 }),
      hasty.increment('new count', { windowSeconds: 60 }),
      hasty.claimDue('queue', { limit: 1, leaseSeconds: 60 }),
      hasty.delete('key', { ifVersion: version }),
      hasty.delete('other'),
    ])
    for (const one of given) expect(one).toMatchObject({ status: 'rejected', reason: away })
    await holder.query('COMMIT')
    await vi.waitFor(() => untilIdle(), 30_000)
    expect(await store.get('new')).toBeUndefined()
    expect(await store.get('key')).toMatchObject({ version, value })
    expect(await store.get('other')).toBeDefined()
    expect(await store.increment('count', { windowSeconds: 60 })).toBe(2)
    expect(await store.increment('new count', { windowSeconds: 60 })).toBe(1)
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 60 })).toHaveLength(1)
  })

  test('what was given up is not done when the lock of its record ends without a change', async () => {
    const client = new Pool({ ...at(), max: 8 })
    onTestFinished(() => client.end())
    const prefix = randomUUID()
    const store = postgresStore({ client, prefix })
    const hasty = postgresStore({ client, prefix, timeoutMs: 400 })
    const version = (await store.put('key', value, { ifVersion: null })) as string
    const other = (await store.put('other', value, { ifVersion: null })) as string
    await store.put('third', value, { ifVersion: null })
    const holder = await connected()
    const key = (name: string) => `convert_to('{${prefix}}${name}', 'UTF8')`
    await holder.query(
      `BEGIN; SELECT FROM behalf_records WHERE key IN (${key('key')}, ${key('other')}, ${key('third')}) FOR UPDATE;` +
        `INSERT INTO behalf_records VALUES (${key('new')}, '', gen_random_uuid(), NULL, NULL, NULL, '{}');` +
        `INSERT INTO behalf_counters VALUES (${key('new count')}, 1, 9e9)`,
    )
    const given = await Promise.allSettled([
      hasty.put('new', value, { ifVersion: null }),
      hasty.put('key', new Uint8Array(), { ifVersion: version }),
      hasty.delete('other', { ifVersion: other }),
      hasty.delete('third'),
      hasty.increment('new count', { windowSeconds: 60 }),
    ])
    for (const one of given) expect(one).toMatchObject({ status: 'rejected', reason: away })
    await holder.query('ROLLBACK')
    await vi.waitFor(() => untilIdle(), 30_000)
    expect(await store.get('new')).toBeUndefined()
    expect(await store.get('key')).toMatchObject({ version, value })
    expect(await store.get('other')).toBeDefined()
    expect(await store.get('third')).toBeDefined()
    expect(await store.increment('new count', { windowSeconds: 60 })).toBe(1)
  })

  test('a clock that was set since the server was asked costs no call', async () => {
    const store = postgresStore({ client: admin, prefix: randomUUID(), timeoutMs: 1_000 })
    await store.put('key', value, { ifVersion: null })
    const real = performance
    try {
      vi.stubGlobal('performance', { now: () => real.now() - 100_000 })
      expect(await store.increment('count set', { windowSeconds: 60 })).toBe(1)
      vi.stubGlobal('performance', { now: () => real.now() })
      expect(await store.increment('count set', { windowSeconds: 60 })).toBe(2)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('a process that dies amid a transaction on a record holds up that record only, and until its connection ends', async () => {
    const store = postgresStore({ client: admin, prefix: randomUUID() })
    const version = await store.put('locked', value, { ifVersion: null, due })
    await store.put('free', value, { ifVersion: null, due })
    const victim = await connected()
    await victim.query("BEGIN; UPDATE behalf_records SET value = '' WHERE convert_from(key, 'UTF8') LIKE '%}locked'")
    const claim = () => store.claimDue('queue', { limit: 5, leaseSeconds: 60 })
    expect((await claim()).map(({ key }) => key)).toEqual(['free'])
    // It is due: an empty answer would say that another caller has claimed it.
    const waiting = claim()
    expect(await Promise.race([waiting, wait(200, 'waits')])).toBe('waits')
    const { rows } = await victim.query({ text: 'SELECT pg_backend_pid()', rowMode: 'array' })
    await admin.query('SELECT pg_terminate_backend($1)', rows[0] as unknown[])
    const [claimed] = await waiting
    expect(claimed).toMatchObject({ key: 'locked', value })
    expect(await store.put('locked', value, { ifVersion: version })).toBe('conflict')
  })

  test('a record that is due and stays locked is an outage of its queue, and not an empty queue', async () => {
    const store = postgresStore({ client: admin, prefix: randomUUID(), timeoutMs: 1_500 })
    await store.put('key', value, { ifVersion: null, due: { queue: 'stuck', inSeconds: 0 } })
    const holder = await connected()
    await holder.query('BEGIN; SELECT FROM behalf_records FOR UPDATE')
    await expect(store.claimDue('stuck', { limit: 1, leaseSeconds: 60 })).rejects.toMatchObject(away)
    await holder.query('ROLLBACK')
    expect(await store.claimDue('stuck', { limit: 1, leaseSeconds: 60 })).toHaveLength(1)
  })

  test('many that claim at once get each record once', async () => {
    const client = new Pool({ ...at(), max: 12 })
    onTestFinished(() => client.end())
    const store = postgresStore({ client, prefix: randomUUID() })
    for (let round = 0; round < 10; round++) {
      const queue = `queue ${round}`
      const keys = Array.from({ length: 12 }, (_, key) => `${queue} ${key}`)
      await Promise.all(keys.map((key) => store.put(key, value, { ifVersion: null, due: { queue, inSeconds: 0 } })))
      const claims = keys.map(() => store.claimDue(queue, { limit: 4, leaseSeconds: 60 }))
      const claimed = (await Promise.all(claims)).flat().map(({ key }) => key)
      expect(claimed.sort()).toEqual([...keys].sort())
    }
  })

  test('writers that sweep each other’s keys never wait for each other', async () => {
    const prefix = randomUUID()
    const stores = Array.from({ length: 4 }, () => {
      const client = new Pool({ ...at(), max: 4 })
      onTestFinished(() => client.end())
      return postgresStore({ client, prefix })
    })
    const keys = Array.from({ length: 6 }, (_, key) => `key ${key}`)
    const ended = { ifVersion: null, expiresAt: 1, index: ['index'] }
    for (let round = 0; round < 25; round++) {
      await Promise.all(stores.flatMap((store) => keys.map((key) => store.put(key, value, ended))))
    }
    const { rows } = await admin.query("SELECT deadlocks::int FROM pg_stat_database WHERE datname = 'postgres'")
    expect(rows).toEqual([{ deadlocks: 0 }])
    expect(await stores[0]?.list('index', { limit: 10 })).toEqual([])
    for (const key of keys) expect(await stores[0]?.put(key, value, { ifVersion: null })).not.toBe('conflict')
    expect(await stores[0]?.list('index', { limit: 10 })).toEqual([])
  })
})

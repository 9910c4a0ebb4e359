import { randomUUID } from 'node:crypto'
import {
  migrate,
  migrations,
  type PGliteClient,
  type PostgresStoreOptions,
  postgresStore,
} from '@behalf/stores/postgres'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const value = new Uint8Array([1])
const due = { queue: 'queue', inSeconds: 0 }

let database: PGlite
beforeAll(async () => {
  database = await PGlite.create()
  await migrate({ client: database })
})
afterAll(() => database.close())

describe('options of postgresStore', () => {
  const never = () => expect.unreachable('nothing is sent at construction')
  const client = { query: never, connect: never }
  test.each<[string, unknown]>([
    ['no client', {}],
    ['a client of another kind', { client: { query: never } }],
    ['a transaction of `postgres`', { client: Object.assign(() => {}, { unsafe: never, savepoint: never }) }],
    ['an unknown key', { client, timeout: 5 }],
    ['a time-out of 0', { client, timeoutMs: 0 }],
    ['a prefix with braces', { client, prefix: 'a{b}' }],
    ['an empty prefix', { client, prefix: '' }],
    ['a prefix that leaves no room for a name', { client, prefix: 'p'.repeat(101) }],
  ])('%s is refused at construction', (_, options) => {
    expect(() => postgresStore(options as PostgresStoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })

  test('a transaction of PGlite is refused at construction: it could take back what the store told as written', async () => {
    await database.transaction(async (client) => {
      expect(() => postgresStore({ client: client as never })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
      )
    })
  })

  test('migrate refuses an unknown option, and a client of another kind', async () => {
    const refused = { code: 'ERR_CONFIGURATION' }
    await expect(migrate({ client, force: true } as never)).rejects.toMatchObject(refused)
    await expect(migrate({ client: { query: never } as never })).rejects.toMatchObject(refused)
  })
})

describe('what the database holds', () => {
  let prefix: string
  let store: ReturnType<typeof postgresStore>
  beforeEach(async () => {
    prefix = randomUUID()
    store = postgresStore({ client: database, prefix })
    await store.put('key', value, { ifVersion: null, index: ['index'], due })
  })
  const rows = async (sql: string, ...parameters: unknown[]) => (await database.query(sql, parameters)).rows
  const mine = (column = 'key') => `position(convert_to('{${prefix}}', 'UTF8') IN ${column}) = 1`

  const calls = (): readonly Promise<unknown>[] => [
    store.now(),
    store.get('key'),
    store.list('index', { limit: 1 }),
    store.put('new', value, { ifVersion: null }),
    store.put('key', value, { ifVersion: randomUUID() }),
    store.delete('key'),
    store.delete('key', { ifVersion: randomUUID() }),
    store.claimDue('queue', { limit: 1, leaseSeconds: 1 }),
    store.increment('key', { windowSeconds: 1 }),
  ]

  test('tables of another version are refused, and left alone', async () => {
    await database.exec('UPDATE behalf_schema SET version = 2')
    try {
      const refused = { status: 'rejected', reason: { reason: 'unknown_version', retryable: false } }
      for (const answer of await Promise.allSettled(calls())) expect(answer).toMatchObject(refused)
    } finally {
      await database.exec('UPDATE behalf_schema SET version = 1')
    }
    expect(
      await rows(
        `SELECT 1 FROM behalf_records WHERE ${mine()} UNION ALL SELECT 1 FROM behalf_counters WHERE ${mine()}`,
      ),
    ).toHaveLength(1)
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 1 })).toHaveLength(1)
  })

  test('tables that lost their version are reported as corrupt', async () => {
    await database.exec('DELETE FROM behalf_schema')
    try {
      const corrupt = { status: 'rejected', reason: { reason: 'corrupt', retryable: false } }
      for (const answer of await Promise.allSettled(calls())) expect(answer).toMatchObject(corrupt)
    } finally {
      await database.exec('INSERT INTO behalf_schema VALUES (1, 1)')
    }
  })

  test('a column of another type is reported as corrupt', async () => {
    await database.exec('ALTER TABLE behalf_counters RENAME COLUMN total TO sum')
    try {
      await expect(store.increment('key', { windowSeconds: 1 })).rejects.toMatchObject({ reason: 'corrupt' })
    } finally {
      await database.exec('ALTER TABLE behalf_counters RENAME COLUMN sum TO total')
    }
  })

  test('a record whose key is no text fails the calls that read it, is put off, and does not stop its queue', async () => {
    const root = Buffer.from(`{${prefix}}`)
    const bad = Buffer.concat([root, Buffer.from([0xff])])
    await database.query('INSERT INTO behalf_records VALUES ($1, $2, gen_random_uuid(), NULL, $3, 0, $4)', [
      bad,
      value,
      Buffer.concat([root, Buffer.from('queue')]),
      [Buffer.concat([root, Buffer.from('index')])],
    ])
    await database.query('INSERT INTO behalf_index VALUES ($1, $2)', [Buffer.concat([root, Buffer.from('index')]), bad])
    const corrupt = { reason: 'corrupt', retryable: false }
    await expect(store.list('index', { limit: 10 })).rejects.toMatchObject(corrupt)
    const claim = () => store.claimDue('queue', { limit: 1, leaseSeconds: 60 })
    await expect(claim()).rejects.toMatchObject(corrupt)
    expect((await claim()).map(({ key }) => key)).toEqual(['key'])
  })

  test('a record that has expired is neither replaced nor deleted by its version, although no write has swept it', async () => {
    const version = (await store.put('over', value, { ifVersion: null, expiresAt: 1 })) as string
    const [row] = await rows(`SELECT count(*)::int FROM behalf_records WHERE ${mine()}`)
    expect(row).toEqual({ count: 2 })
    expect(await store.put('over', value, { ifVersion: version })).toBe('conflict')
    expect(await store.delete('over', { ifVersion: version })).toBe('conflict')
    const again = { ifVersion: null, expiresInSeconds: 60, index: ['again'] }
    expect(await store.put('over', value, again)).not.toBe('conflict')
    expect(await store.list('again', { limit: 1 })).toHaveLength(1)
  })

  test('records and counters that have expired are swept by later writes with all that points at them, a bounded number at a time', async () => {
    const expired = async () => {
      const [row] = await rows(
        `SELECT (SELECT count(*) FROM behalf_records WHERE expires_at < 9e9 AND ${mine()})::int AS records, ` +
          `(SELECT count(*) FROM behalf_counters WHERE ends_at < 9 AND ${mine()})::int AS counters, ` +
          `(SELECT count(*) FROM behalf_index WHERE ${mine()})::int AS index`,
      )
      return row
    }
    const key = `convert_to('{${prefix}}' || n, 'UTF8')`
    await database.exec(
      `INSERT INTO behalf_records SELECT ${key}, '', gen_random_uuid(), 1, NULL, NULL, '{}' FROM generate_series(1, 100) n;` +
        `INSERT INTO behalf_index SELECT ${key}, ${key} FROM generate_series(1, 100) n;` +
        `INSERT INTO behalf_counters SELECT ${key}, 1, 1 FROM generate_series(1, 100) n`,
    )
    // It had no effect, so it has no lock before those of the sweep.
    expect(await store.put('key', value, { ifVersion: null })).toBe('conflict')
    expect(await expired()).toEqual({ records: 100, counters: 100, index: 101 })
    await store.put('one', value, { ifVersion: null })
    await store.increment('one', { windowSeconds: 60 })
    expect(await expired()).toEqual({ records: 68, counters: 68, index: 69 })
    await store.claimDue('other queue', { limit: 1, leaseSeconds: 1 })
    expect(await expired()).toEqual({ records: 36, counters: 68, index: 37 })
    for (let round = 0; round < 3; round++) {
      await store.put(`more ${round}`, value, { ifVersion: null })
      await store.increment('one', { windowSeconds: 60 })
    }
    expect(await expired()).toEqual({ records: 0, counters: 0, index: 1 })
  })

  test('what is deleted or replaced leaves nothing behind', async () => {
    const left = async () => rows(`SELECT 1 FROM behalf_index WHERE ${mine()}`)
    const found = await store.get('key')
    await store.put('key', value, { ifVersion: found?.version ?? null, index: ['other'] })
    expect(await left()).toHaveLength(1)
    await store.delete('key')
    expect(await left()).toEqual([])
    expect(await rows(`SELECT 1 FROM behalf_records WHERE ${mine()}`)).toEqual([])
  })

  test('a row of the index that a record does not have any more is not listed', async () => {
    const name = Buffer.from(`{${prefix}}stale`)
    await database.query('INSERT INTO behalf_index VALUES ($1, $2)', [name, Buffer.from(`{${prefix}}key`)])
    expect(await store.list('stale', { limit: 1 })).toEqual([])
  })

  test('a name may have 1,000 bytes in each place, and one of more is refused before it is sent', async () => {
    // Random, so that the rows of an index cannot be compressed.
    const random = (length: number) =>
      Buffer.from(crypto.getRandomValues(new Uint8Array(length)))
        .toString('base64url')
        .slice(0, length)
    const wide = postgresStore({ client: database, prefix: random(100) })
    const longest = random(1_000)
    const options = { ifVersion: null, index: [longest], due: { queue: longest, inSeconds: 0 } }
    expect(await wide.put(longest, value, options)).not.toBe('conflict')
    expect(await wide.list(longest, { limit: 1 })).toHaveLength(1)
    expect(await wide.claimDue(longest, { limit: 1, leaseSeconds: 1 })).toHaveLength(1)
    expect(await wide.increment(longest, { windowSeconds: 1 })).toBe(1)
    const error = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('has 1001 bytes') }
    const longer = `${longest}x`
    const tooLong = [
      wide.get(longer),
      wide.put(longer, value, { ifVersion: null }),
      wide.put('key', value, { ifVersion: null, index: [longer] }),
      wide.put('key', value, { ifVersion: null, due: { queue: longer, inSeconds: 0 } }),
      wide.delete(longer),
      wide.claimDue(longer, { limit: 1, leaseSeconds: 1 }),
      wide.list(longer, { limit: 1 }),
      wide.list('index', { after: longer, limit: 1 }),
      wide.increment(longer, { windowSeconds: 1 }),
    ]
    for (const one of await Promise.allSettled(tooLong))
      expect(one).toMatchObject({ status: 'rejected', reason: error })
  })

  test('two prefixes of which one begins with the other share nothing', async () => {
    const [short, long] = ['', ':a'].map((rest) => postgresStore({ client: database, prefix: `${prefix}${rest}` }))
    await short?.put(':ab', value, { ifVersion: null, index: [':ab'] })
    expect(await long?.get('b')).toBeUndefined()
    expect(await long?.list('b', { limit: 1 })).toEqual([])
    expect(await long?.put('b', value, { ifVersion: null, index: ['b'] })).not.toBe('conflict')
  })
})

describe('a large table', () => {
  const RECORDS = 5_000
  const prefix = 'large'
  const key = (text: string) => `convert_to('{${prefix}}' || ${text}, 'UTF8')`

  test.each(['before', 'after'])('no statement reads all of it, %s PostgreSQL knows what it holds', async (when) => {
    await database.exec(
      'TRUNCATE behalf_records, behalf_index, behalf_counters;' +
        `INSERT INTO behalf_records SELECT ${key("'k' || n")}, 'value', gen_random_uuid(), 2e9 + n, ` +
        `CASE WHEN n % 10 = 0 THEN ${key("'queue'")} END, CASE WHEN n % 10 = 0 THEN 1e9 + n END, ` +
        `ARRAY[${key("'index'")}] FROM generate_series(1, ${RECORDS}) n;` +
        'INSERT INTO behalf_index SELECT n, key FROM behalf_records, unnest(names) n;' +
        `INSERT INTO behalf_counters SELECT ${key("'c' || n")}, 1, 2e9 FROM generate_series(1, ${RECORDS}) n;`,
    )
    if (when === 'after') await database.exec('ANALYZE')
    const plans: string[] = []
    const client: PGliteClient = {
      transaction: () => expect.unreachable('the store begins no transaction'),
      async query(statement, parameters, options) {
        const { rows } = await database.query<string[]>(`EXPLAIN ${statement}`, parameters, options)
        plans.push([statement, ...rows.flat()].join('\n'))
        return database.query(statement, parameters, options)
      },
    }
    const large = postgresStore({ client, prefix })
    const version = (await large.get('k1'))?.version ?? ''
    await large.put('k1', value, { ifVersion: version, index: ['index'] })
    await large.put('new', value, { ifVersion: null, index: ['index'], expiresInSeconds: 60 })
    await large.delete('k2')
    await large.delete('k1', { ifVersion: version })
    await large.list('index', { limit: 100 })
    await large.list('index', { after: 'k3', limit: 100 })
    await large.claimDue('queue', { limit: 10, leaseSeconds: 60 })
    await large.claimDue('other', { limit: 10, leaseSeconds: 60 })
    await large.increment('c1', { windowSeconds: 60 })
    for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on behalf_(records|index|counters)/)
    // A page of an index takes its rows in their order. It reads all and sorts them only while their number is unknown.
    const lists = plans.filter((plan) => plan.startsWith('SELECT') && plan.includes('behalf_index i'))
    expect(lists).toHaveLength(2)
    if (when === 'after') for (const plan of lists) expect(plan).not.toContain('Bitmap Heap Scan on behalf_index')
  })
})

describe('a database without tables', () => {
  let empty: PGlite
  beforeAll(async () => {
    empty = await PGlite.create()
  })
  afterAll(() => empty.close())

  test('is refused with the remedy; migrate makes them once, and its SQL by another tool makes the same ones', async () => {
    const store = postgresStore({ client: empty })
    const missing = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('migrate({ client })') }
    await expect(store.get('key')).rejects.toMatchObject(missing)
    await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(missing)
    expect(migrations.map(({ name }) => name)).toEqual(['0001_tables'])
    for (const { sql } of migrations) await empty.exec(sql)
    await store.put('key', value, { ifVersion: null })
    await migrate({ client: empty })
    expect(await store.get('key')).toMatchObject({ value })
    const columns = (client: PGlite) =>
      client.query(
        'SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns ' +
          "WHERE table_name LIKE 'behalf%' ORDER BY 1, 2",
      )
    expect((await columns(empty)).rows).toEqual((await columns(database)).rows)
  })
})

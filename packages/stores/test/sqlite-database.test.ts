import { DatabaseSync } from 'node:sqlite'
import { type SqliteDatabase, sqliteStore } from '@behalf/stores/sqlite'
import { describeStore } from '@behalf/testing/contract'
import { describe, expect, test, vi } from 'vitest'
import { BetterShapedDatabase } from './better-sqlite3-shape.ts'
import { fileUnderTest, onDatabase, place } from './sqlite-files.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

describeStore('SQLite, a database shaped like that of better-sqlite3', {
  concurrent: true,
  create: async () => fileUnderTest(onDatabase((file) => new BetterShapedDatabase(file))),
})

/** Before 3.42, `unixepoch('subsec')` is NULL. */
const withoutFractions = (database: SqliteDatabase): SqliteDatabase => ({
  exec: (sql) => database.exec(sql),
  prepare: (sql) => database.prepare(sql.replaceAll("unixepoch('subsec')", 'NULL')),
  close: () => database.close(),
})

describe.each([
  ['node:sqlite', (file: string) => new DatabaseSync(file)],
  ['better-sqlite3, by shape', (file: string) => new BetterShapedDatabase(file)],
])('a database of the app, %s', (_, open) => {
  const value = new Uint8Array([1])

  test('a transaction of the app is not joined: what was told as written could be taken back', async () => {
    const { file, remove } = place()
    const database = open(file)
    const store = sqliteStore({ database })
    await store.put('before', value, { ifVersion: null })
    database.exec('BEGIN')
    const told = { reason: 'unavailable', message: expect.stringContaining('transaction of the app') }
    await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(told)
    await expect(store.delete('before')).rejects.toMatchObject({ reason: 'unavailable' })
    await expect(store.increment('key', { windowSeconds: 60 })).rejects.toMatchObject({ reason: 'unavailable' })
    database.exec('COMMIT')
    expect(await store.get('key')).toBeUndefined()
    expect(await store.get('before')).toBeDefined()
    expect(await store.put('key', value, { ifVersion: null })).not.toBe('conflict')
    database.close()
    remove()
  })

  test('what a lock of another process stops is tried again until it ends', async () => {
    const { file, remove } = place()
    const database = open(file)
    const store = sqliteStore({ database })
    const ifVersion = (await store.put('before', value, { ifVersion: null })) as string
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const own = Uint8Array.of(7)
    const options = { ifVersion: null as string | null, index: ['index'], due: { queue: 'queue', inSeconds: 0 } }
    const write = store.put('key', own, options)
    const only = { ifVersion }
    const deletion = store.delete('before', only)
    // A caller goes on with the same objects meanwhile.
    own.fill(0)
    options.index[0] = 'next'
    options.due.inSeconds = 3600
    options.ifVersion = only.ifVersion = 'next'
    await new Promise((resolve) => setTimeout(resolve, 200))
    other.exec('COMMIT')
    expect(await write).not.toBe('conflict')
    expect(await deletion).toBe('deleted')
    expect(await store.list('index', { limit: 1 })).toMatchObject([{ key: 'key', value: Uint8Array.of(7) }])
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 60 })).toHaveLength(1)
    other.close()
    database.close()
    remove()
  })

  test('of an SQLite that does not know fractions of seconds is refused: each lease would have ended as it was taken', async () => {
    const { file, remove } = place()
    const database = open(file)
    const store = sqliteStore({ database: withoutFractions(database) })
    const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('SQLite 3.42 or newer') }
    for (let times = 0; times < 2; times++) {
      await expect(store.put('lease', value, { ifVersion: null, expiresInSeconds: 60 })).rejects.toMatchObject(refused)
    }
    await expect(store.now()).rejects.toMatchObject(refused)
    database.close()
    remove()
  })

  test('it stays open when the store is closed', async () => {
    const { file, remove } = place()
    const database = open(file)
    const store = sqliteStore({ database })
    await store.get('key')
    store.close()
    await expect(store.get('key')).rejects.toMatchObject({ reason: 'unavailable' })
    expect(database.prepare('SELECT 1 AS one').get()).toEqual({ one: 1 })
    database.close()
    await expect(sqliteStore({ database }).get('key')).rejects.toMatchObject({ reason: 'unavailable' })
    remove()
  })

  test('a database in memory is refused: it ends with the process, and says that it lasts', async () => {
    const database = open(':memory:')
    await expect(sqliteStore({ database }).get('key')).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    database.close()
  })
})

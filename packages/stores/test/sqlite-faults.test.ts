import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type SqliteStoreOptions, sqliteStore } from '@behalf/stores/sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { place } from './sqlite-files.ts'

const value = new Uint8Array([1])
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

/** A store with one record, and another connection to its file. */
async function opened(options: { readonly timeoutMs?: number } = {}) {
  const { file, remove } = place()
  const store = sqliteStore({ file, ...options })
  await store.put('key', value, { ifVersion: null, index: ['index'] })
  const other = new DatabaseSync(file)
  cleanUps.push(
    remove,
    () => other.close(),
    () => store.close(),
  )
  return { file, store, other }
}

const withoutJournal = { reason: 'unavailable', message: expect.stringContaining('its journal') }

/** As a program that closes the file last: with it the journal goes. */
function aloneInAnotherProcess(file: string): string {
  const program = `
    const database = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(process.argv[1])
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM behalf_records')
      process.stdout.write('opened')
    } catch (error) {
      process.stdout.write(error.message)
    }
    database.close()`
  return execFileSync(process.execPath, ['--no-warnings', '-e', program, file], { encoding: 'utf8' })
}

describe('options', () => {
  test.each<[string, unknown]>([
    ['neither file nor database', {}],
    ['both', { file: 'a.db', database: new DatabaseSync(':memory:') }],
    ['an unknown key', { file: 'a.db', timeout: 5 }],
    ['an empty file name', { file: '' }],
    ['a database in memory', { file: ':memory:' }],
    ['a time-out of none', { file: 'a.db', timeoutMs: 0 }],
    ['something that is no database', { database: { exec() {} } }],
  ])('%s is refused at construction', (_, options) => {
    expect(() => sqliteStore(options as SqliteStoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })
})

describe('the file', () => {
  test('is not touched before the first call, and is its owner’s alone', async () => {
    const { file, remove } = place()
    cleanUps.push(remove)
    const store = sqliteStore({ file })
    cleanUps.push(() => store.close())
    expect(() => statSync(file)).toThrow()
    await store.put('key', value, { ifVersion: null })
    for (const one of [file, `${file}-wal`]) expect(statSync(one).mode & 0o777, one).toBe(0o600)
  })

  test.each<[string, (file: string) => void]>([
    ['deleted', (file) => rmSync(file)],
    [
      'deleted with its journal',
      (file) => {
        for (const name of [file, `${file}-wal`, `${file}-shm`]) rmSync(name)
      },
    ],
    ['replaced by a backup', (file) => renameSync(`${file}.backup`, file)],
  ])('that was %s while it was open takes no claim that another process cannot see', async (_, change) => {
    const { file, store, other } = await opened()
    other.exec(`VACUUM INTO '${file}.backup'`)
    change(file)
    const next = sqliteStore({ file })
    cleanUps.push(() => next.close())
    expect(await next.put('claim', value, { ifVersion: null })).toEqual(expect.any(String))
    const replaced = {
      code: 'ERR_STORE',
      reason: 'unavailable',
      message: expect.stringContaining('replaced or deleted'),
    }
    await expect(store.put('claim', value, { ifVersion: null })).rejects.toMatchObject(replaced)
    await expect(store.get('claim')).rejects.toMatchObject(replaced)
  })

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['opened', (file) => sqliteStore({ file }).get('key')],
    [
      'opened and closed',
      async (file) => {
        const second = sqliteStore({ file })
        await second.get('key')
        second.close()
      },
    ],
  ])(
    'stays locked against another process that wants it alone, after a second store of this process %s it',
    async (_, open) => {
      const { file, store } = await opened()
      await open(file)
      expect(aloneInAnotherProcess(file)).toContain('locked')
      expect(await store.put('claim', value, { ifVersion: null })).toEqual(expect.any(String))
    },
  )

  test('whose journal another process deleted, after code of the app had ended the locks, takes no claim that other processes do not see', async () => {
    const { file, remove } = place()
    const store = sqliteStore({ file })
    cleanUps.push(remove, () => store.close())
    await store.put('key', value, { ifVersion: null })
    // A copy made by the app: what it closes ends the locks of its process.
    readFileSync(file)
    expect(aloneInAnotherProcess(file)).toBe('opened')
    await expect(store.put('claim', value, { ifVersion: null })).rejects.toMatchObject(withoutJournal)
    store.close()
    const next = sqliteStore({ file })
    cleanUps.push(() => next.close())
    expect(await next.get('key')).toMatchObject({ value })
  })

  test.each(['-wal', '-shm'])('whose %s was deleted while it was open is read and written no more', async (suffix) => {
    const { file, store } = await opened()
    rmSync(`${file}${suffix}`)
    await expect(store.put('claim', value, { ifVersion: null })).rejects.toMatchObject(withoutJournal)
    await expect(store.get('key')).rejects.toMatchObject(withoutJournal)
  })

  test('of a relative path is the one of the folder that the process was in when the store was made', async () => {
    const { file, remove } = place()
    const before = process.cwd()
    cleanUps.push(remove, () => process.chdir(before))
    process.chdir(dirname(file))
    const store = sqliteStore({ file: basename(file) })
    cleanUps.push(() => store.close())
    process.chdir(before)
    await store.put('key', value, { ifVersion: null })
    expect(statSync(file).isFile()).toBe(true)
  })

  test('that cannot be opened is an outage, and ends when it can', async () => {
    const { file, remove } = place()
    cleanUps.push(remove)
    const store = sqliteStore({ file })
    cleanUps.push(() => store.close())
    rmSync(dirname(file), { recursive: true })
    await expect(store.get('key')).rejects.toMatchObject({ reason: 'unavailable', retryable: true })
    mkdirSync(dirname(file))
    expect(await store.get('key')).toBeUndefined()
  })

  test('in a folder that does not exist is refused at once: another try would not help', () => {
    const { file, remove } = place()
    cleanUps.push(remove)
    for (const wrong of [`${dirname(file)}/none/store.db`, join(file, 'store.db')]) {
      expect(() => sqliteStore({ file: wrong })).toThrow(/sqliteStore\.file: the folder ".*" does not exist: create it/)
    }
    expect(() => sqliteStore({ file })).not.toThrow()
  })

  test('that is no database is told as damaged, and left as it is', async () => {
    const { file, remove } = place()
    cleanUps.push(remove)
    writeFileSync(file, 'not a database, '.repeat(300), { mode: 0o600 })
    const before = statSync(file).size
    const store = sqliteStore({ file })
    await expect(store.get('key')).rejects.toMatchObject({ reason: 'corrupt', retryable: false })
    expect(statSync(file).size).toBe(before)
  })

  test('keeps its journal in WAL and waits for the disk', async () => {
    const { store, other } = await opened()
    expect(other.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    const database = new DatabaseSync(join(dirname(other.location() ?? ''), 'own.db'))
    database.exec('PRAGMA synchronous = OFF')
    await sqliteStore({ database }).get('key')
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    database.close()
    expect(await store.get('key')).toBeDefined()
  })
})

describe('what the file holds', () => {
  test('tables of another version are refused, also in a store that is open', async () => {
    const { file, store, other } = await opened()
    other.exec('UPDATE behalf_schema SET version = 2')
    const refused = { reason: 'unknown_version', retryable: false }
    for (const one of [store, sqliteStore({ file })]) {
      await expect(one.get('key')).rejects.toMatchObject(refused)
      await expect(one.list('index', { limit: 1 })).rejects.toMatchObject(refused)
      await expect(one.put('new', value, { ifVersion: null })).rejects.toMatchObject(refused)
      await expect(one.delete('key')).rejects.toMatchObject(refused)
      await expect(one.claimDue('queue', { limit: 1, leaseSeconds: 1 })).rejects.toMatchObject(refused)
      await expect(one.increment('key', { windowSeconds: 1 })).rejects.toMatchObject(refused)
    }
    expect(other.prepare('SELECT count(*) AS count FROM behalf_records').get()).toEqual({ count: 1 })
  })

  test('tables without a version are refused', async () => {
    const { store, other } = await opened()
    other.exec('DELETE FROM behalf_schema')
    await expect(store.get('key')).rejects.toMatchObject({ reason: 'corrupt' })
    await expect(store.put('new', value, { ifVersion: null })).rejects.toMatchObject({ reason: 'corrupt' })
  })

  test('a table that something dropped is told as damage', async () => {
    const { store, other } = await opened()
    other.exec('DROP TABLE behalf_index')
    await expect(store.list('index', { limit: 1 })).rejects.toMatchObject({ reason: 'corrupt' })
    await expect(store.put('key2', value, { ifVersion: null, index: ['a'] })).rejects.toMatchObject({
      reason: 'corrupt',
    })
    expect(other.prepare('SELECT count(*) AS count FROM behalf_records').get()).toEqual({ count: 1 })
  })

  test('a key that is no text is told as damage, and not guessed at', async () => {
    const { store, other } = await opened()
    other.exec("INSERT INTO behalf_records (key, value, version) VALUES (x'ff', x'00', 'v')")
    other.exec("INSERT INTO behalf_index (name, key) VALUES (CAST('index' AS BLOB), x'ff')")
    await expect(store.list('index', { limit: 10 })).rejects.toMatchObject({ reason: 'corrupt' })
    expect(await store.list('index', { limit: 1 })).toHaveLength(1)
  })

  test('a damaged record does not stop its queue, and is told when nothing else is due', async () => {
    const { store, other } = await opened()
    const columns = '(key, value, version, queue, due_at)'
    other.exec(`INSERT INTO behalf_records ${columns} VALUES (x'ff', x'00', 'v', CAST('queue' AS BLOB), 1)`)
    for (const key of ['a', 'b'])
      await store.put(key, value, { ifVersion: null, due: { queue: 'queue', inSeconds: 0 } })
    const claim = (limit: number) => store.claimDue('queue', { limit, leaseSeconds: 60 })
    expect((await claim(2)).map(({ key }) => key)).toEqual(['a'])
    other.exec("UPDATE behalf_records SET due_at = 1 WHERE key = x'ff'")
    // It has its turn like any other, and is out of the way then.
    await expect(claim(1)).rejects.toMatchObject({ reason: 'corrupt', retryable: false })
    expect((await claim(1)).map(({ key }) => key)).toEqual(['b'])
    expect(await claim(1)).toEqual([])
  })

  test('rows that have expired are swept by later writes, a bounded number at a time', async () => {
    const { store, other } = await opened()
    const count = (table: string) => Number(other.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
    const fill = other.prepare("INSERT INTO behalf_records (key, value, version, expires_at) VALUES (?, x'00', 'v', 1)")
    const index = other.prepare("INSERT INTO behalf_index (name, key) VALUES (x'00', ?)")
    const counter = other.prepare('INSERT INTO behalf_counters (key, total, ends_at) VALUES (?, 1, 1)')
    // In one step: each would wait for the disk.
    other.exec('BEGIN')
    for (let at = 0; at < 500; at++)
      for (const one of [fill, index, counter]) one.run(new Uint8Array([at >> 8, at & 255]))
    other.exec('COMMIT')
    const before = count('behalf_records')
    await store.put('one', value, { ifVersion: null })
    expect(before - count('behalf_records')).toBeLessThan(50)
    for (let at = 0; at < 20; at++) {
      await store.put(`more ${at}`, value, { ifVersion: null })
      await store.increment(`more ${at}`, { windowSeconds: 60 })
    }
    expect([count('behalf_records'), count('behalf_index'), count('behalf_counters')]).toEqual([22, 1, 20])
  })
})

test('reads of a queue alone sweep what expired in it', async () => {
  const { store, other } = await opened()
  const fill = other.prepare(
    'INSERT INTO behalf_records (key, value, version, expires_at, queue, due_at) ' +
      "VALUES (?, x'00', 'v', 1, CAST('queue' AS BLOB), 1)",
  )
  other.exec('BEGIN')
  for (let at = 0; at < 200; at++) fill.run(new Uint8Array([at]))
  other.exec('COMMIT')
  for (let look = 0; look < 10; look++) {
    expect(await store.claimDue('queue', { limit: 5, leaseSeconds: 1 })).toEqual([])
  }
  expect(other.prepare('SELECT count(*) AS count FROM behalf_records').get()).toEqual({ count: 1 })
})

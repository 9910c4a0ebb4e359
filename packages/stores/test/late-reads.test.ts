import { DatabaseSync } from 'node:sqlite'
import type { Store } from '@behalf/core'
import * as postgres from '@behalf/stores/postgres'
import * as redis from '@behalf/stores/redis'
import * as sqlite from '@behalf/stores/sqlite'
import { coversEachEntryPoint, type Entries, readsInTime, type Watch } from '@behalf/testing/late-reads'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, onTestFinished, test } from 'vitest'
import { clients } from './redis-clients.ts'
import { hasRedisServer, redisServerMissing, startRedisServer } from './redis-server.ts'
import { place } from './sqlite-files.ts'

const { migrate, postgresStore } = postgres
const { redisStore } = redis
const { sqliteStore } = sqlite
const bytes = new Uint8Array([1])
const due = { queue: 'queue', inSeconds: 0 }

/** A store, and what keeps its calls waiting until they have returned. */
interface Opened {
  readonly store: Store
  readonly hold?: () => () => void
}

/** One entry for each method that takes an object. */
function methods(name: string, open: () => Promise<Opened>): Entries {
  const held = async (watch: Watch, begin: (store: Store) => Promise<unknown>, before?: (store: Store) => unknown) => {
    const { store, hold } = await open()
    await before?.(store)
    const release = hold?.()
    const called = watch.call(() => begin(store))
    // It has begun to wait by now.
    release?.()
    return { store, outcome: await called }
  }
  const stored = (store: Store) => store.put('key', bytes, { ifVersion: null, due, index: ['index'] })
  return {
    [`${name}.put`]: [
      async (watch) => {
        const options = watch.given({ ifVersion: null, expiresInSeconds: 60, due: { ...due }, index: ['index'] })
        const { store } = await held(watch, (one) => one.put('key', bytes, options))
        return (await store.list('index', { limit: 1 })).map(({ key }) => key)
      },
      ['key'],
    ],
    [`${name}.delete`]: [
      async (watch) => {
        let ifVersion = ''
        const { outcome } = await held(
          watch,
          (one) => one.delete('key', watch.given({ ifVersion })),
          async (one) => {
            ifVersion = await stored(one)
          },
        )
        return outcome
      },
      'deleted',
    ],
    [`${name}.claimDue`]: [
      async (watch) => {
        const options = watch.given({ limit: 5, leaseSeconds: 60 })
        return (await held(watch, (one) => one.claimDue('queue', options), stored)).outcome
      },
      [{ key: 'key' }],
    ],
    [`${name}.list`]: [
      async (watch) => {
        const options = watch.given({ limit: 5, after: 'a' })
        return (await held(watch, (one) => one.list('index', options), stored)).outcome
      },
      [{ key: 'key' }],
    ],
    [`${name}.increment`]: [
      async (watch) => {
        const options = watch.given({ windowSeconds: 60 })
        return (await held(watch, (one) => one.increment('key', options))).outcome
      },
      1,
    ],
  }
}

/** A file that another connection writes to. */
function sqliteFile(): Opened & { readonly store: ReturnType<typeof sqliteStore> } {
  const { file, remove } = place()
  const store = sqliteStore({ file })
  onTestFinished(() => {
    store.close()
    remove()
  })
  const hold = () => {
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    return () => other.close()
  }
  return { store, hold }
}

const server = hasRedisServer ? await startRedisServer() : undefined
afterAll(() => server?.stop())

async function redisClient() {
  const { client, close } = await clients.ioredis(server?.port ?? 0)
  onTestFinished(close)
  return client
}

const prefix = () => crypto.randomUUID()

const database = await PGlite.create()
afterAll(() => database.close())
await migrate({ client: database })

const sqliteEntries: Entries = {
  sqliteStore: [
    async (watch) => {
      const { file, remove } = place()
      const store = watch.call(() => sqliteStore(watch.given({ file, timeoutMs: 1_000 })))
      onTestFinished(() => {
        store.close()
        remove()
      })
      await store.put('key', bytes, { ifVersion: null })
      return store.get('key')
    },
    { key: 'key' },
  ],
  ...methods('sqlite', async () => {
    const opened = sqliteFile()
    await opened.store.now()
    return opened
  }),
}

const postgresEntries: Entries = {
  migrate: [
    async (watch) => {
      const options = watch.given({ client: database } as never)
      return watch.call(() => migrate(options))
    },
    undefined,
  ],
  postgresStore: [
    async (watch) => {
      const options = { client: database, prefix: prefix(), timeoutMs: 1_000 }
      const store = watch.call(() => postgresStore(watch.given(options as never)))
      await store.put('key', bytes, { ifVersion: null })
      return store.get('key')
    },
    { key: 'key' },
  ],
  ...methods('postgres', async () => ({ store: postgresStore({ client: database, prefix: prefix() }) })),
}

const redisEntries: Entries = {
  redisStore: [
    async (watch) => {
      const options = { client: await redisClient(), prefix: prefix(), timeoutMs: 1_000, evictionPolicy: 'noeviction' }
      const store = watch.call(() => redisStore(watch.given(options as never)))
      await store.put('key', bytes, { ifVersion: null })
      return store.get('key')
    },
    { key: 'key' },
  ],
  ...methods('redis', async () => ({ store: redisStore({ client: await redisClient(), prefix: prefix() }) })),
}

coversEachEntryPoint({
  modules: [sqlite, postgres, redis],
  objects: () => ({
    sqlite: sqliteFile().store,
    postgres: postgresStore({ client: database }),
    redis: redisStore({ client: { callBuffer: () => {} } as never }),
  }),
  tables: [sqliteEntries, postgresEntries, redisEntries],
  // They take a text or nothing.
  exempt: ['sqlite.now', 'sqlite.get', 'sqlite.close', 'postgres.now', 'postgres.get', 'redis.now', 'redis.get'],
})

readsInTime(sqliteEntries)
readsInTime(postgresEntries)
if (hasRedisServer) readsInTime(redisEntries)
else test('redisStore reads nothing of an app after its first wait', ({ skip }) => skip(redisServerMissing))

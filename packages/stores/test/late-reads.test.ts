import { DatabaseSync } from 'node:sqlite'
import type { Store } from '@behalf/core'
import { redisStore } from '@behalf/stores/redis'
import { sqliteStore } from '@behalf/stores/sqlite'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { clients } from './redis-clients.ts'
import { hasRedisServer, redisServerMissing, startRedisServer } from './redis-server.ts'
import { place } from './sqlite-files.ts'

/** Notes what is read of an app's objects after a call has returned: from then on the app may fill them in again. */
class Watch {
  readonly late: string[] = []
  #isOver = false

  given<const Value extends object>(value: Value, path = 'options'): Value {
    const note = (key: PropertyKey) => {
      if (this.#isOver) this.late.push(`${path}.${String(key)}`)
    }
    const isPlain = (one: unknown) => Array.isArray(one) || Object.getPrototypeOf(one) === Object.prototype
    return new Proxy(value, {
      get: (target, key) => {
        note(key)
        const found: unknown = Reflect.get(target, key)
        return typeof found === 'object' && found !== null && isPlain(found)
          ? this.given(found, `${path}.${String(key)}`)
          : found
      },
      has: (target, key) => {
        note(key)
        return Reflect.has(target, key)
      },
      ownKeys: (target) => {
        note('*')
        return Reflect.ownKeys(target)
      },
    })
  }

  call<Result>(method: () => Result): Result {
    try {
      return method()
    } finally {
      this.#isOver = true
    }
  }
}

/** By function or method: a call of it with watched objects, and what it must come to, so that it did all of its work. */
type Entries = Readonly<Record<string, readonly [call: (watch: Watch) => Promise<unknown>, expected: unknown]>>

function readsInTime(entries: Entries): void {
  test.each(Object.entries(entries))(
    '%s reads nothing of an app after its first wait, so that the app may fill in the same objects again',
    async (_, [call, expected]) => {
      const watch = new Watch()
      const outcome = await call(watch)
      expect(watch.late).toEqual([])
      if (typeof expected === 'object') expect(outcome).toMatchObject(expected as object)
      else expect(outcome).toBe(expected)
    },
  )
}

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

/** Methods that take a text or nothing. */
const exempt = new Set(['sqlite.now', 'sqlite.get', 'sqlite.close', 'redis.now', 'redis.get'])

test('each function and method that the package exports is called with watched objects, or takes none', async () => {
  const paths = Object.keys(packageJson.exports).filter((path) => path !== './package.json')
  const modules = await Promise.all(
    paths.map((path) => import(/* @vite-ignore */ `../src/${path.slice(2)}/index.ts`) as Promise<object>),
  )
  const names = modules.flatMap((module) => Object.keys(module))
  expect(names.length).toBeGreaterThan(1)
  const client = { callBuffer: () => {} } as never
  const made = { sqlite: sqliteFile().store, redis: redisStore({ client }) }
  const all = [
    ...names,
    ...Object.entries(made).flatMap(([name, store]) => methodsOf(store).map((method) => `${name}.${method}`)),
  ]
  const covered = { ...sqliteEntries, ...redisEntries }
  expect(all.filter((name) => !Object.hasOwn(covered, name) && !exempt.has(name))).toEqual([])
  // No entry and no exemption outlives its method.
  expect([...Object.keys(covered), ...exempt].filter((name) => !all.includes(name))).toEqual([])
})

const methodsOf = (object: object): readonly string[] =>
  [...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))].filter(
    (name) => name !== 'constructor' && typeof object[name as keyof typeof object] === 'function',
  )

readsInTime(sqliteEntries)
if (hasRedisServer) readsInTime(redisEntries)
else test('redisStore reads nothing of an app after its first wait', ({ skip }) => skip(redisServerMissing))

import { memoryStore, type Store } from '@behalf/core'
import { migrate, postgresStore } from '@behalf/stores/postgres'
import { redisStore } from '@behalf/stores/redis'
import { sqliteStore } from '@behalf/stores/sqlite'
import { PGlite } from '@electric-sql/pglite'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import postgres from 'postgres'
import { createClient } from 'redis'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { hasPostgresServer, postgresServerMissing, startPostgresServer } from '../test/postgres-server.ts'
import { hasRedisServer, redisServerMissing, startRedisServer } from '../test/redis-server.ts'
import { place } from '../test/sqlite-files.ts'

const RECORDS = 1_000
const CLAIMED = 10
/** A hundred calls at once wait for one another. */
const timeoutMs = 60_000

/** About what a sealed approval takes. */
const value = crypto.getRandomValues(new Uint8Array(2_000))

/** As approvals are written: under an index, with an end. */
const options = { index: ['owner'], expiresInSeconds: 3_600 }

interface Work {
  /** An approval is consumed: compare-and-swap of a record. */
  consume(): Promise<unknown>
  get(): Promise<unknown>
  create(): Promise<unknown>
  claim(): Promise<unknown>
}

/** The same work on any store, over many records, so that calls at once do not compete for one. */
async function workOn(store: Store): Promise<Work> {
  const versions: string[] = []
  for (let at = 0; at < RECORDS; at++) {
    versions.push(await store.put(`record ${at}`, value, { ifVersion: null, ...options }))
  }
  for (let at = 0; at < RECORDS; at++) {
    await store.put(`due ${at}`, value, { ifVersion: null, due: { queue: 'queue', inSeconds: 0 } })
  }
  let next = 0
  return {
    async consume() {
      const at = next++ % RECORDS
      const version = await store.put(`record ${at}`, value, { ifVersion: versions[at] ?? null, ...options })
      if (version === 'conflict') throw new Error('a benchmark competes with itself')
      versions[at] = version
    },
    get: () => store.get(`record ${next++ % RECORDS}`),
    // A short life, so that what is created is swept as it goes.
    create: () => store.put(`new ${next++}`, value, { ifVersion: null, index: ['owner'], expiresInSeconds: 0.5 }),
    claim: () => store.claimDue('queue', { limit: CLAIMED, leaseSeconds: 0.001 }),
  }
}

const peer = { name: 'memory', work: await workOn(memoryStore({ maxEntries: 10_000_000 })) }
const stores: { readonly name: string; readonly work: Work }[] = []

const { file, remove } = place()
process.once('exit', remove)
stores.push({ name: 'SQLite', work: await workOn(sqliteStore({ file })) })

const pglite = new PGlite()
await migrate({ client: pglite })
stores.push({ name: 'PGlite, in memory', work: await workOn(postgresStore({ client: pglite, timeoutMs })) })

if (hasPostgresServer) {
  const server = await startPostgresServer({ durable: true })
  server.unref()
  const at = { host: '127.0.0.1', port: server.port, user: 'postgres', max: 10 }
  const pool = new Pool({ ...at, allowExitOnIdle: true })
  await migrate({ client: pool })
  stores.push({
    name: 'PostgreSQL, client pg',
    work: await workOn(postgresStore({ client: pool, prefix: 'pg', timeoutMs })),
  })
  const sql = postgres({ ...at, idle_timeout: 1, onnotice() {} })
  stores.push({
    name: 'PostgreSQL, client postgres',
    work: await workOn(postgresStore({ client: sql, prefix: 'js', timeoutMs })),
  })
} else {
  note(`not measured: PostgreSQL (${postgresServerMissing})`)
}

if (hasRedisServer) {
  // As the guide says: on disk before it is answered.
  const server = await startRedisServer({ durable: true })
  server.unref()
  const redis = createClient({ socket: { host: '127.0.0.1', port: server.port } })
  await redis.connect()
  redis.unref()
  stores.push({
    name: 'Redis, client redis',
    work: await workOn(redisStore({ client: redis, prefix: 'redis', timeoutMs })),
  })
  const ioredis = new Redis({ host: '127.0.0.1', port: server.port })
  await ioredis.ping()
  ioredis.stream.unref()
  stores.push({
    name: 'Redis, client ioredis',
    work: await workOn(redisStore({ client: ioredis, prefix: 'ioredis', timeoutMs })),
  })
} else {
  note(`not measured: Redis (${redisServerMissing})`)
}

for (const { name, work } of stores) {
  const compare = (what: keyof Work, title: string) =>
    bench(`${name}: ${title}`, {
      run: work[what],
      peer: { name: peer.name, run: peer.work[what] },
      concurrency: [1, 100],
    })
  compare('consume', 'consume, a put by compare-and-swap')
  compare('create', 'put of a new key')
  compare('get', 'get')
  compare('claim', `claimDue, ${CLAIMED} of ${RECORDS}`)
}

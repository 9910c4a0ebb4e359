import type { Store } from '@behalf/core'
import { migrate, postgresStore } from '@behalf/stores/postgres'
import { Client, type ClientConfig, Pool } from 'pg'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { fillTables, sizesOf } from '../test/large-tables.ts'
import { hasPostgresServer, postgresServerMissing, startPostgresServer } from '../test/postgres-server.ts'

/**
 * `BEHALF_RUNS=1000000 npm run bench -- large-tables` makes the tables of the guide, in some minutes. With `BEHALF_PLANS=1`
 * it prints how PostgreSQL carries out each operation on them.
 */
const RUNS = Number(process.env.BEHALF_RUNS ?? 10_000)
const FEW_RUNS = 1_000
const EXPLAIN =
  '-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_analyze=on ' +
  '-c auto_explain.log_buffers=on -c client_min_messages=log'
/** As a finished run. */
const value = crypto.getRandomValues(new Uint8Array(1_370))

if (hasPostgresServer) {
  const server = await startPostgresServer({ durable: true })
  server.unref()
  const tables = async (schema: string, runs: number) => {
    const options = `-c search_path=${schema}`
    const at = { host: '127.0.0.1', port: server.port, user: 'postgres', max: 1, options }
    const client = new Pool({ ...at, allowExitOnIdle: true })
    await client.query(`CREATE SCHEMA ${schema}`)
    await migrate({ client })
    await fillTables(client, runs)
    for (const line of await sizesOf(client, runs)) note(line)
    if (runs === RUNS && process.env.BEHALF_PLANS) await printPlans({ ...at, options: `${options} ${EXPLAIN}` }, runs)
    return workOn(postgresStore({ client }), runs)
  }
  const few = await tables('few', FEW_RUNS)
  const many = await tables('many', RUNS)
  for (const what of Object.keys(few) as (keyof typeof few)[]) {
    bench(`PostgreSQL with ${RUNS} runs: ${what}`, {
      run: many[what],
      peer: { name: `${FEW_RUNS} runs`, run: few[what] },
    })
  }
} else {
  note(`not measured: PostgreSQL (${postgresServerMissing})`)
}

async function printPlans(at: ClientConfig, runs: number): Promise<void> {
  const client = new Client(at)
  await client.connect()
  const work = workOn(postgresStore({ client }), runs, 'plan')
  for (const [what, call] of Object.entries(work)) {
    await call()
    const print = ({ message = '' }) => console.log(`${what}\n${message.replace(/Query Text:.*/, '')}\n`)
    client.once('notice', print)
    await call()
    client.off('notice', print)
  }
  await client.end()
}

/** One call of each operation, on a random record. */
function workOn(store: Store, runs: number, own = 'new') {
  const any = (of: number) => Math.floor(Math.random() * of)
  let made = 0
  const version = new Map<string, string | null>()
  return {
    get: () => store.get(`run:${any(runs)}`),
    'get of what is not there': () => store.get(`missing:${any(runs)}`),
    'put of a new key': () => store.put(`${own}:${made++}`, value, { ifVersion: null, expiresInSeconds: 3_600 }),
    async 'put by compare-and-swap'() {
      const key = `${own}:swapped:${any(100)}`
      const next = await store.put(key, value, { ifVersion: version.get(key) ?? null, expiresInSeconds: 3_600 })
      if (next === 'conflict') throw new Error('a benchmark competes with itself')
      version.set(key, next)
    },
    'put of a new key that sweeps an expired one': () =>
      store.put(`${own}:old:${made++}`, value, { ifVersion: null, expiresAt: 1 }),
    async 'put of a new key, and a delete of it'() {
      const key = `${own}:gone:${made++}`
      await store.put(key, value, { ifVersion: null })
      await store.delete(key)
    },
    'list of a user, three accounts': () => store.list(`user:${any(runs / 30)}`, { limit: 100 }),
    'claimDue, 10 of the due ones': () => store.claimDue('queue', { limit: 10, leaseSeconds: 0.001 }),
    increment: () => store.increment(`count:${any(runs / 10)}`, { windowSeconds: 60 }),
  }
}

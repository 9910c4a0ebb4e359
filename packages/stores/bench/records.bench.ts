import { createGuard, memoryStore, policy, type Store } from '@behalf/core'
import { sealedStore } from '@behalf/core/sealed-store'
import type { StoreKeys } from '@behalf/core/spi'
import { sqliteStore } from '@behalf/stores/sqlite'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { profile, verifiedUser } from '../test/approvals/verified-user.ts'
import { place } from '../test/sqlite-files.ts'

const RECORDS = 500
const keys: StoreKeys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) }
/** About what a login or a linked account takes, before it is sealed. */
const value = { token: 't'.repeat(1_200), scopes: ['portfolio:read'] }
const identity = await verifiedUser()
const schema = z.strictObject({ order: z.int() })
const read = policy(schema, {})
const write = policy(schema, { effect: 'write' })

const { file, remove } = place()
process.once('exit', remove)
await compareStore('memory', memoryStore({ maxEntries: 10_000_000 }))
await compareStore('SQLite', sqliteStore({ file }))

/** What the record store does, beside the bare operations of the same store. */
async function compareStore(name: string, store: Store): Promise<void> {
  const records = sealedStore({ store, keys, kind: 'bench' })
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  const versions: string[] = []
  const bare: string[] = []
  for (let at = 0; at < RECORDS; at++) {
    versions.push(await records.put([`record ${at}`], value, { ifVersion: null }))
    bare.push(await store.put(`bare ${at}`, bytes, { ifVersion: null }))
  }
  let next = 0
  const swap = async (into: string[], put: (at: number) => Promise<string>) => {
    const at = next++ % RECORDS
    into[at] = await put(at)
  }
  bench(`${name}: a record is read`, {
    run: () => records.get([`record ${next++ % RECORDS}`]),
    peer: { name: 'get', run: () => store.get(`bare ${next++ % RECORDS}`) },
  })
  const swapped = () => swap(bare, (at) => store.put(`bare ${at}`, bytes, { ifVersion: bare[at] ?? null }))
  bench(`${name}: a record is swapped`, {
    run: () => swap(versions, (at) => records.put([`record ${at}`], value, { ifVersion: versions[at] ?? null })),
    peer: { name: 'put', run: swapped },
  })
  bench(`${name}: a record is made and deleted`, {
    run: async () => {
      const named = [`new ${next++}`]
      await records.delete(named, { ifVersion: await records.put(named, value, { ifVersion: null }) })
    },
    peer: {
      name: 'put and delete',
      run: async () => {
        const key = `new ${next++}`
        await store.delete(key, { ifVersion: await store.put(key, bytes, { ifVersion: null }) })
      },
    },
  })
  const signal = new AbortController().signal
  bench(`${name}: something is done alone`, {
    run: () => records.alone([`record ${next++ % RECORDS}`], { seconds: 10, signal }, async () => {}),
    peer: { name: 'put', run: swapped },
  })
  const { counted, tally } = counting(store)
  const guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:bench' }, store: counted, keys })
  const call = (slot: string) => ({ tool: 'order', slot, input: { order: next++ }, identity })
  await guard.revoke({ issuer: identity.issuer, subject: 'bob' })
  const work = {
    'a write': () => guard.run(write, call(`slot ${next}`), () => 'done'),
    'a result told again': () => guard.run(write, { ...call('again'), input: { order: 0 } }, () => 'done'),
    'a read where the generation is due': () =>
      createGuard({ authorizationServer: profile, agent: { name: 'agent:bench' }, store: counted, keys }).run(
        read,
        call('read'),
        () => 'done',
      ),
    'a revocation': () => guard.revoke({ issuer: identity.issuer, subject: `user ${next++}` }),
  }
  for (const [title, run] of Object.entries(work)) {
    for (let round = 0; round < 2; round++) {
      tally.clear()
      await run()
    }
    const operations = [...tally].map(([operation, times]) => `${times} ${operation}`)
    note(`${name}: ${title} takes ${operations.join(', ')}`)
    bench(`${name}: ${title}`, { run, peer: { name: 'put', run: swapped } })
  }
}

/** The same store, which counts what is asked of it. */
function counting(store: Store): { readonly counted: Store; readonly tally: Map<string, number> } {
  const tally = new Map<string, number>()
  const counted = new Proxy(store, {
    get(target, name) {
      const held: unknown = Reflect.get(target, name, target)
      if (typeof held !== 'function') return held
      return (...given: unknown[]) => {
        tally.set(String(name), (tally.get(String(name)) ?? 0) + 1)
        return held.apply(target, given)
      }
    },
  })
  return { counted, tally }
}

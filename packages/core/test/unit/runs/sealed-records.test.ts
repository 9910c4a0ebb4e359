import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { keyedHash } from '../../../src/base/values/index.ts'
import { createSealer } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { findOrCreateRun } from '../../../src/runs/find-run.ts'
import { openRunStore, RunStore } from '../../../src/runs/run-store.ts'
import { asks, keys, smallWorld } from '../guard/small-world.ts'
import { record, sealKey, testClock, testLedger } from './harness.ts'

const draft = { binding: 'b', slotKey: 'slot:1', fits: () => true, record: (id: string) => record(id) }
const other = new Uint8Array(32).fill(8)

const ledgerUnder = (store: Store, ...keys: readonly Uint8Array[]) =>
  new RunStore({
    store,
    clock: testClock(),
    sealer: createSealer(keys),
    hash: keyedHash(new Uint8Array(32).fill(9)),
    isRevoked: async () => false,
  })

/** Replaces the bytes of a stored value, as an attacker with the store's password could. */
async function forge(store: Store, key: string, change: (value: Uint8Array) => Uint8Array) {
  const found = await store.get(key)
  if (found === undefined) throw new Error(`nothing at ${key}`)
  await store.put(key, change(found.value), { ifVersion: found.version })
}

describe('what is stored opens as it was written, where it was written, or not at all', () => {
  test('a record in the place of another: `moved`', async () => {
    const { runStore, store } = testLedger()
    const mine = await findOrCreateRun(runStore, draft)
    const theirs = await findOrCreateRun(runStore, { ...draft, binding: 'c', slotKey: 'slot:2' })
    const stolen = (await store.get(theirs.key))?.value ?? new Uint8Array()
    await forge(store, mine.key, () => stolen)
    await expect(runStore.read(mine.record.id)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'moved' })
  })

  test('a pointer in the place of another: `moved`', async () => {
    const { runStore, store } = testLedger()
    await findOrCreateRun(runStore, draft)
    await findOrCreateRun(runStore, { ...draft, binding: 'c', slotKey: 'slot:2' })
    const stolen = (await store.get('slot:2'))?.value ?? new Uint8Array()
    await forge(store, 'slot:1', () => stolen)
    await expect(findOrCreateRun(runStore, draft)).rejects.toMatchObject({ reason: 'moved' })
  })

  test('any byte flipped: `corrupt`, or an unknown key', async () => {
    const { runStore, store } = testLedger()
    const { record: made, key } = await findOrCreateRun(runStore, draft)
    const sealed = (await store.get(key))?.value ?? new Uint8Array()
    for (let at = 0; at < sealed.length; at += 13) {
      await forge(store, key, () => sealed.map((byte, index) => (index === at ? byte ^ 1 : byte)))
      await expect(runStore.read(made.id), `byte ${at}`).rejects.toMatchObject({
        code: 'ERR_STORE',
        reason: expect.stringMatching(/^(?:corrupt|wrong_key)$/),
      })
    }
    await forge(store, key, () => sealed)
    expect((await runStore.read(made.id))?.record.id).toBe(made.id)
  })

  test('a key that was retired: `wrong_key`', async () => {
    const { runStore, store } = testLedger()
    const { record: made } = await findOrCreateRun(runStore, draft)
    await expect(ledgerUnder(store, other).read(made.id)).rejects.toMatchObject({ reason: 'wrong_key' })
  })

  test('a version of tomorrow: `unknown_version`; an invalid form: `corrupt`', async () => {
    const { runStore, store } = testLedger()
    const { record: made, key } = await findOrCreateRun(runStore, draft)
    const sealer = createSealer([sealKey])
    for (const [content, reason] of [
      [JSON.stringify({ ...made, v: 2 }), 'unknown_version'],
      [JSON.stringify({ ...made, retry: 'allways' }), 'corrupt'],
      [JSON.stringify({ v: 1 }), 'corrupt'],
      ['not JSON', 'corrupt'],
    ] as const) {
      const value = await sealer.seal(key, new TextEncoder().encode(content))
      await forge(store, key, () => value)
      await expect(runStore.read(made.id), content).rejects.toMatchObject({ code: 'ERR_STORE', reason })
    }
  })

  test('none of them runs anything: the call is denied, not retried', async () => {
    const { guard, call, store, clock } = smallWorld()
    const behalf = guard()
    const first = await behalf.run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    const key = (await openRunStore({ store, keys, clock }).read(id))?.key ?? ''
    await forge(store, key, (value) => value.map((byte, index) => (index === 90 ? byte ^ 1 : byte)))
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })
})

describe('keys rotate without downtime', () => {
  test('first known everywhere, then sealing, then alone: at no time is a record out of reach', async () => {
    const store = memoryStore({ clock: testClock() })
    const [one, two] = [sealKey, other]
    const old = ledgerUnder(store, one)
    const { record: first } = await findOrCreateRun(old, draft)
    const knowing = ledgerUnder(store, one, two)
    const sealing = ledgerUnder(store, two, one)
    const { record: second } = await findOrCreateRun(sealing, { ...draft, binding: 'c', slotKey: 'slot:2' })
    for (const runStore of [knowing, sealing]) {
      for (const { id } of [first, second]) expect((await runStore.read(id))?.record.id).toBe(id)
    }
    // A write moves a record to the current key.
    const entry = await sealing.read(first.id)
    if (entry === undefined) throw new Error('gone')
    await sealing.update(entry, (r) => ({ ...r, tool: 'touched' }))
    expect((await ledgerUnder(store, two).read(first.id))?.record.tool).toBe('touched')
    await expect(old.read(first.id)).rejects.toMatchObject({ reason: 'wrong_key' })
  })
})

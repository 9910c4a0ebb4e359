import { describe, expect, test } from 'vitest'
import { memoryStore, type Store } from '../../../src/index.ts'
import { jobWorld } from '../delegations/job-world.ts'
import { overStore } from '../records/over-store.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { elsewhere } from '../runs/harness.ts'
import { asks, ISSUER, reads, smallWorld, user, writes } from './small-world.ts'

/** The rows of a store, as an attacker sees them who may write to the database and has no key. */
function attacker(inner: Store) {
  const rows = pointedRows(inner)
  const copies = new Map<string, Uint8Array>()
  return {
    ...rows,
    copy: async (...keys: readonly string[]) => {
      for (const key of keys) copies.set(key, (await inner.get(key))?.value ?? new Uint8Array())
    },
    putBack: async () => {
      for (const [key, value] of copies)
        await inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, index: rows.indexesOf(key) })
    },
    remove: async (...keys: readonly string[]) => {
      for (const key of keys) await inner.delete(key)
    },
  }
}

describe('an attacker who may write to the database can', () => {
  test('delete a run: a write runs once more, with another key, and a question is asked again', async () => {
    const small = smallWorld()
    const rows = attacker(small.store)
    const behalf = small.guard({ store: rows.store })
    const keysSeen: string[] = []
    const write = () =>
      behalf.run(writes, small.call(), (_, { idempotencyKey }) => {
        keysSeen.push(idempotencyKey)
        return 'ran'
      })
    for (let times = 0; times < 2; times++) await write()
    expect(keysSeen).toHaveLength(1)
    await rows.remove(...rows.keys(''))
    expect(await write()).toMatchObject({ status: 'done' })
    expect(new Set(keysSeen).size).toBe(2)
    await behalf.run(asks, small.call({ slot: 'asked' }), () => 'ran')
    await rows.remove(...rows.keys(''))
    expect(await behalf.run(asks, small.call({ slot: 'asked' }), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(small.questions).toHaveLength(2)
  })

  test('put back an older copy of a run, and with it its approval: the call runs once more, with the same key', async () => {
    const small = smallWorld()
    const rows = attacker(small.store)
    const behalf = small.guard({ store: rows.store })
    const keysSeen = new Set<string>()
    const run = () =>
      behalf.run(asks, small.call(), (_, { idempotencyKey }) => {
        keysSeen.add(idempotencyKey)
        return keysSeen.size
      })
    await run()
    small.answers({ status: 'approved' })
    small.clock.advance(6)
    expect(await behalf.preflight(asks, small.call())).toMatchObject({ status: 'ready' })
    await rows.copy(...rows.keys(''))
    expect(await run()).toMatchObject({ status: 'done' })
    await rows.putBack()
    expect(await run()).toMatchObject({ status: 'done' })
    expect(keysSeen.size).toBe(1)
    expect(small.questions).toHaveLength(1)
  })

  test('delete the count of a delegation: the uses of its window begin again', async () => {
    const world = await jobWorld()
    const inner = memoryStore({ clock: world.clock })
    let deleted = 0
    // Another row is a row that was deleted.
    const store = overStore(inner, { increment: (key, options) => inner.increment(`${key}:${deleted}`, options) })
    const guard = world.guard({ store })
    const id = await world.delegate(guard, { limit: { uses: 1, windowSeconds: 3600 } })
    const use = () => guard.delegations.identity(id)
    await use()
    await expect(use()).rejects.toMatchObject({ reason: 'used_up' })
    deleted++
    await expect(use()).resolves.toMatchObject({ delegationId: id })
  })
})

describe('an attacker who rolls back the generation of revocations, or deletes it', () => {
  test.each(['rolled back', 'deleted'])(
    'hides a revocation for a minute from reads of a process that knew the user, and from no write (%s)',
    async (how) => {
      const { guard, store, call, clock } = smallWorld()
      const rows = attacker(store)
      const [knew, there] = [guard({ store: elsewhere(rows.store) }), guard({ store: elsewhere(rows.store) })]
      await knew.revoke({ issuer: ISSUER, subject: 'bob' })
      const [generation = ''] = rows.keys('revoked-generation:')
      await rows.copy(generation)
      const run = (each: typeof knew, rules: typeof reads | typeof writes) =>
        each.run(rules as never, call({ slot: `${clock.now()}` }), () => 'ran')
      expect(await run(there, reads)).toMatchObject({ status: 'done' })
      await knew.revoke({ issuer: ISSUER, subject: 'ann' })
      await (how === 'deleted' ? rows.remove(generation) : rows.putBack())
      expect(await run(there, reads)).toMatchObject({ status: 'done' })
      clock.advance(60)
      for (const each of [there, knew, guard({ store: elsewhere(rows.store) })]) {
        expect(await run(each, reads)).toMatchObject({ code: 'revoked' })
        expect(await run(each, writes)).toMatchObject({ code: 'revoked' })
      }
    },
  )
})

test('damage to the generation of revocations stops no call of others, hides no revocation, and prevents none', async () => {
  const { guard, store, call, clock } = smallWorld()
  const rows = attacker(store)
  const behalf = guard({ store: elsewhere(rows.store) })
  await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
  const later = guard({ store: elsewhere(rows.store) })
  const run = (rules: typeof reads | typeof writes, subject: string) =>
    later.run(rules as never, call({ identity: user({ subject }) }), () => 'ran')
  for (const key of rows.keys('revoked-generation:')) {
    const version = (await store.get(key))?.version ?? null
    await store.put(key, new Uint8Array([1, 2, 3]), { ifVersion: version, index: rows.indexesOf(key) })
  }
  for (const rules of [reads, writes]) {
    expect(await run(rules, 'bob')).toMatchObject({ status: 'done' })
    expect(await run(rules, 'ann')).toMatchObject({ status: 'denied', code: 'revoked' })
  }
  await behalf.revoke({ issuer: ISSUER, subject: 'bob' })
  clock.advance(5)
  expect(await run(reads, 'bob')).toMatchObject({ status: 'denied', code: 'revoked' })
})

test('an attacker who deletes the record of a name makes a later process accept the revoked proof, but restores no delegation', async () => {
  const { guard, store, call, clock } = smallWorld()
  const rows = attacker(store)
  const behalf = guard({ store: elsewhere(rows.store) })
  const expiresAt = clock.now() / 1000 + 3600
  const { id } = await behalf.delegations.create({ identity: user(), tools: ['pay'], expiresAt })
  await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
  await rows.remove(...rows.keys('revoked:'))
  const later = guard({ store: elsewhere(rows.store) })
  expect(await later.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
  expect(await later.run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
  await expect(later.delegations.identity(id)).rejects.toMatchObject({ reason: 'revoked' })
  // The process that knew keeps what it knew.
  expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
})

import { expect, test } from 'vitest'
import { createGuard } from '../../../src/index.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { world } from './sessions-world.ts'

/** Ann's and Bob's sessions in a store, some of whose rows an attacker writes. */
async function attacked() {
  const { sessions, answer, profile, store: inner, clock } = await world()
  const rows = pointedRows(inner)
  const kept = sessions({ store: rows.store })
  const ann = await kept.create((await answer()).json)
  const [anns = ''] = rows.keys('session:')
  const bob = await kept.create((await answer('bob')).json)
  const bobs = rows.keys('session:').find((key) => key !== anns) ?? ''
  const again = await kept.create((await answer()).json)
  const guard = createGuard({
    authorizationServer: profile,
    agent: { name: 'agent:trader' },
    sessions: kept,
    store: rows.store,
    clock,
  })
  return { kept, rows, inner, guard, ann, bob, again, anns, bobs }
}

test('one session that does not open keeps no other one from being ended, and is named', async () => {
  const { kept, rows, inner, guard, ann, again, anns } = await attacked()
  await inner.put(anns, new Uint8Array([1]), {
    ifVersion: (await inner.get(anns))?.version ?? null,
    index: rows.indexesOf(anns),
  })
  const { issuer, subject } = ann.identity
  expect(await guard.revoke({ issuer, subject })).toMatchObject({ sessions: 1, unreadable: [anns] })
  expect(await kept.identity(again.id)).toMatchObject({ status: 'login_required' })
})

test('index rows that were pointed at another user’s session do not end it', async () => {
  const { kept, rows, guard, ann, bob, anns, bobs } = await attacked()
  rows.point(bobs, anns)
  const { issuer, subject } = bob.identity
  expect(await guard.revoke({ issuer, subject })).toMatchObject({ sessions: 0 })
  expect(await kept.identity(ann.id)).toMatchObject({ status: 'verified' })
})

test('a session that was deleted or damaged in the database has no user, and its user signs in again', async () => {
  const { kept, inner, rows, ann, again, anns } = await attacked()
  await inner.delete(anns)
  expect(await kept.identity(ann.id)).toMatchObject({ status: 'login_required' })
  const damaged = rows.keys('session:').at(-1) ?? ''
  await inner.put(damaged, new Uint8Array([1]), { ifVersion: (await inner.get(damaged))?.version ?? null })
  await expect(kept.identity(again.id)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'corrupt' })
  await kept.end(again.id)
  expect(await kept.identity(again.id)).toMatchObject({ status: 'login_required' })
})

import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { jobWorld } from '../delegations/job-world.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { smallWorld, user, writes } from './small-world.ts'

describe('index rows that were pointed at another user’s record', () => {
  const attacked = async () => {
    const world = await jobWorld()
    const rows = pointedRows(memoryStore({ clock: world.clock }))
    const guard = world.guard({ store: rows.store })
    const ann = await world.present('ann')
    const bob = await world.present('bob')
    const over = { tools: ['read_portfolio'], expiresAt: world.clock.now() / 1000 + 3600 }
    await guard.delegations.create({ ...ann, ...over })
    await guard.delegations.create({ ...bob, ...over })
    const [anns = '', bobs = ''] = rows.keys('delegation:')
    rows.point(bobs, anns)
    return { guard, ann: ann.identity, bob: bob.identity }
  }

  test('list no delegation of the other user', async () => {
    const { guard, bob } = await attacked()
    expect(await guard.delegations.list({ identity: bob })).toEqual([])
  })

  test('end no delegation of the other user', async () => {
    const { guard, ann, bob } = await attacked()
    const { issuer, subject } = bob
    expect(await guard.revoke({ issuer, subject })).toMatchObject({ delegations: 0 })
    expect(await guard.delegations.list({ identity: ann })).toMatchObject([{ state: 'active' }])
  })

  test('put no run of another user in doubt', async () => {
    const world = smallWorld()
    const rows = pointedRows(world.store)
    const behalf = world.guard({ store: rows.store })
    const run = (subject: string, slot: string, body: () => string) =>
      behalf.run(writes, world.call({ slot, identity: user({ subject }) }), body)
    const lost = () => {
      throw new Error('lost')
    }
    /** A write of this user that went in doubt. @returns the index under which equal calls find it. */
    const inDoubt = async (subject: string) => {
      await run(subject, 'one', lost).catch(() => {})
      return rows.indexesOf(rows.keys('run:').at(-1) ?? '').find((index) => index.startsWith('started:')) ?? ''
    }
    const mallorys = await inDoubt('mallory')
    expect(mallorys).toMatch(/^started:./)
    const mallory = user({ subject: 'mallory' })
    const [own] = await behalf.approvals.list({ identity: mallory, as: 'owner' })
    await behalf.approvals.resolve(own?.id ?? '', 'ran', { identity: mallory })
    rows.alias.set(mallorys, await inDoubt('ann'))
    expect(await run('ann', 'two', () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
    expect(await run('mallory', 'two', () => 'ran')).toMatchObject({ status: 'done', result: 'ran' })
  })
})

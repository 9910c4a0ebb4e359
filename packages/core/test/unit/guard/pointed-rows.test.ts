import { describe, expect, test } from 'vitest'
import { startedRuns } from '../../../src/approvals/index.ts'
import { memoryStore } from '../../../src/index.ts'
import { record, testLedger } from '../approvals/harness.ts'
import { jobWorld } from '../delegations/job-world.ts'
import { pointedRows } from '../stores/pointed-rows.ts'

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

  test('put no run of another call in doubt', async () => {
    const rows = pointedRows(memoryStore())
    const { ledger } = testLedger({ store: rows.store })
    const start = async (binding: string) => {
      const made = await ledger.create(record(binding, { binding, state: 'approved' }))
      if (made === undefined) throw new Error('not made')
      await ledger.update(made, (run) => ({ ...run, state: 'running', runner: 'gone' }))
    }
    await start('anns')
    rows.alias.set('started:mallorys', 'started:anns')
    expect((await startedRuns(ledger, 'anns')).inDoubt).toHaveLength(1)
    expect(await startedRuns(ledger, 'mallorys')).toEqual({ inDoubt: [], running: [] })
  })
})

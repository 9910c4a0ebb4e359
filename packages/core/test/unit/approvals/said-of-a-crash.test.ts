import { describe, expect, test } from 'vitest'
import { claimRun } from '../../../src/approvals/claim-run.ts'
import { resolveCrash } from '../../../src/approvals/end-run.ts'
import type { Entry, RunRecord, RunState } from '../../../src/approvals/record.ts'
import { record, testLedger } from './harness.ts'

const token = { value: 'the-token', scopes: ['trade:write'] }

async function kept(over: Partial<RunRecord>) {
  const { ledger } = testLedger()
  const entry = (await ledger.create(record('r', over))) as Entry
  return { ledger, entry, read: async () => (await ledger.read('r'))?.record }
}

describe('what became of a crash is said once (A5)', () => {
  test('only of what crashed', async () => {
    for (const state of ['requested', 'approved', 'completed', 'threw'] satisfies RunState[]) {
      const { ledger, entry } = await kept({ state })
      expect(await resolveCrash(ledger, entry, 'ran')).toEqual(entry)
      expect(await resolveCrash(ledger, entry, 'did_not_run')).toEqual(entry)
    }
  })

  test('it did not run: usable again, with its token, and its runner may still come back', async () => {
    const { ledger, entry } = await kept({ state: 'crashed', runner: 'a', token })
    const { record: again } = await resolveCrash(ledger, entry, 'did_not_run')
    expect(again).toEqual({ ...record('r'), state: 'approved', token, runner: 'a' })
  })

  test('it ran: its result, and no token', async () => {
    const { ledger, entry } = await kept({ state: 'crashed', runner: 'a', token })
    const result = { kind: 'json', value: 1 } as const
    const { record: ran } = await resolveCrash(ledger, entry, 'ran', result)
    expect(ran).toEqual({ ...record('r'), state: 'completed', runner: 'a', result, endedAt: ledger.now() })
  })
})

describe('a claim is given back by whoever has it, and by nobody else (A2)', () => {
  const claimed = async () => {
    const all = await kept({ state: 'approved', onCrash: 'retry', perCall: true })
    const claim = await claimRun(all.ledger, all.entry)
    if (claim === undefined) throw new Error('not claimed')
    const change = async (over: Partial<RunRecord>) =>
      all.ledger.update((await all.ledger.read('r')) as Entry, (now) => ({ ...now, ...over }))
    return { ...all, claim, change }
  }

  test('its own, while it runs and when it was thought dead', async () => {
    for (const state of ['running', 'crashed'] as const) {
      const { claim, change, read } = await claimed()
      await change({ state })
      await claim.giveBack()
      expect(await read(), state).toMatchObject({ state: 'approved' })
      expect(await read(), state).not.toHaveProperty('runner')
    }
  })

  test.each([
    ['another runs it', [{ state: 'running', runner: 'another' }]],
    ['another crashed in it', [{ state: 'crashed', runner: 'another' }]],
    ['somebody said that it ran', [{ state: 'crashed' }, { state: 'completed' }]],
  ] as const)('not where %s', async (_, changes) => {
    const { claim, change, read } = await claimed()
    for (const over of changes) await change(over)
    await claim.giveBack()
    expect(await read()).toMatchObject(changes.at(-1) ?? {})
  })
})

import { describe, expect, test } from 'vitest'
import { defined } from '../../../src/base/values/index.ts'
import { resolveCrash } from '../../../src/runs/end-run.ts'
import type { Entry } from '../../../src/runs/record.ts'
import type { RunState } from '../../../src/runs/run-state.ts'
import { claimRun, type Made, record, testLedger, told } from './harness.ts'

const token = { value: 'the-token', scopes: ['trade:write'] }

async function kept(over: Made) {
  const { runStore } = testLedger()
  const entry = (await runStore.create(record('r', over))) as Entry
  return { runStore, entry, read: async () => (await runStore.read('r'))?.record }
}

describe('what became of a crash is said once (A5)', () => {
  test('only of what crashed', async () => {
    for (const state of ['requested', 'approved', 'completed', 'threw'] satisfies RunState[]) {
      const { runStore, entry } = await kept({ state })
      expect(await resolveCrash(runStore, entry, { what: 'ran', by: 'owner' })).toEqual(entry)
      expect(await resolveCrash(runStore, entry, { what: 'did_not_run', by: 'operator' })).toEqual(entry)
    }
  })

  test('it did not run: usable again, with its token, and its runner may still come back', async () => {
    const { runStore, entry } = await kept({ state: 'crashed', runner: 'a', token })
    const { record: again } = await resolveCrash(runStore, entry, { what: 'did_not_run', by: 'operator' })
    expect(told(again)).toMatchObject({ state: 'approved', token, runner: 'a' })
  })

  test('it ran: its result, and no token', async () => {
    const { runStore, entry } = await kept({ state: 'crashed', runner: 'a', token })
    const result = { kind: 'json', value: 1 } as const
    const { record: ran } = await resolveCrash(runStore, entry, { what: 'ran', by: 'owner', result })
    expect(told(ran)).toMatchObject({ state: 'completed', runner: 'a', result, at: runStore.now() })
    expect(told(ran)).not.toHaveProperty('token')
  })
})

describe('only the holder of a claim gives it back (A2)', () => {
  const claimed = async () => {
    const all = await kept({ state: 'approved', retry: 'same_key', perCall: true })
    const claim = await claimRun(all.runStore, all.entry)
    if (claim === undefined) throw new Error('not claimed')
    /** As another runner, or its owner, wrote it meanwhile. */
    const change = async (over: Made) =>
      all.runStore.update((await all.runStore.read('r')) as Entry, ({ attempt }) =>
        record('r', { retry: 'same_key', perCall: true, ...defined({ runner: attempt?.runner }), ...over }),
      )
    return { ...all, claim, change }
  }

  test('its own, while it runs and when it was thought dead', async () => {
    for (const state of ['running', 'crashed'] as const) {
      const { claim, change, read } = await claimed()
      await change({ state })
      await claim.release()
      expect(told(await read()), state).toMatchObject({ state: 'approved' })
      expect(told(await read()), state).not.toHaveProperty('runner')
    }
  })

  test.each([
    ['another runs it', [{ state: 'running', runner: 'another' }]],
    ['another crashed in it', [{ state: 'crashed', runner: 'another' }]],
    ['its owner said that it ran', [{ state: 'crashed' }, { state: 'completed' }]],
  ] as const)('not where %s', async (_, changes) => {
    const { claim, change, read } = await claimed()
    for (const over of changes) await change(over)
    await claim.release()
    expect(told(await read())).toMatchObject(changes.at(-1) ?? {})
  })
})

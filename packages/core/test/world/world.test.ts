import { expect, test } from 'vitest'
import { bundle, knownBreaks } from './bundle.ts'
import { runSequence } from './run-sequence.ts'
import { search } from './search.ts'
import { storyOf } from './story.ts'

/** Time for new seeds, beside the fixed ones. Milliseconds. */
const FRESH_MS = 10_000
const FIXED = 60

test('one seed gives the same event log twice', async () => {
  const boot = await bundle()
  for (const seed of ['twice.1', 'twice.2', 'twice.3', 'twice.4', 'twice.5']) {
    const [first, second] = [await runSequence(boot, seed), await runSequence(boot, seed)]
    expect(first.log.length).toBeGreaterThan(20)
    expect(second.log).toEqual(first.log)
  }
}, 60_000)

test('every event of fixed and of fresh sequences is justified', async () => {
  const boot = await bundle()
  const fixed = await search(boot, { seed: 'fixed', milliseconds: 120_000, sequences: FIXED })
  const fresh = await search(boot, { seed: `fresh-${Date.now()}`, milliseconds: FRESH_MS })
  expect([...fixed.failed, ...fresh.failed].map(storyOf)).toEqual([])
  expect(fixed.sequences).toBe(FIXED)
}, 240_000)

test.each(knownBreaks())(
  'the known break %s is found where its mend is taken out',
  async (name) => {
    const boot = await bundle(name)
    const { failed } = await search(boot, { seed: 'break', milliseconds: 240_000, sequences: 1_000 })
    expect(failed).toHaveLength(1)
  },
  300_000,
)

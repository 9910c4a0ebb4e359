import { expect, test } from 'vitest'
import { bundle, inapplicableBreaks, knownBreaks } from './bundle.ts'
import { brokenSequences, keptSequences } from './kept-sequences.ts'
import { runSequence } from './run-sequence.ts'
import { search } from './search.ts'
import { storyOf } from './story.ts'

/** Time for new seeds, beside the fixed ones. Milliseconds. */
const FRESH_MS = 15_000
const FIXED = 60

const whole = bundle()

test('one seed gives the same event log twice', async () => {
  const boot = await whole
  for (const seed of ['twice.1', 'twice.2', 'twice.3', 'twice.4', 'twice.5']) {
    const [first, second] = [await runSequence(boot, seed), await runSequence(boot, seed)]
    expect(first.log.length).toBeGreaterThan(10)
    expect(second.log).toEqual(first.log)
  }
}, 120_000)

test('every event of fixed and of fresh sequences is justified', async () => {
  const boot = await whole
  const fixed = await search(boot, { seed: 'fixed', milliseconds: 200_000, sequences: FIXED })
  const fresh = await search(boot, { seed: `fresh-${Date.now()}`, milliseconds: FRESH_MS })
  expect([...fixed.failed, ...fresh.failed].map(storyOf)).toEqual([])
  expect(fixed.sequences).toBe(FIXED)
}, 300_000)

// The nightly run builds each of them, and finds it.
test('every known break applies to the source of today', () => {
  expect(knownBreaks()).toEqual([
    // Rows of "A run, from its name to its end".
    ...['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '17'],
    // Of accounts, kept sessions, questions, jobs and operators.
    ...['account-sent-twice', 'account-swapped', 'actor-forgotten', 'answer-of-another', 'answered-late'],
    ...['approver-revoked', 'asked-without-end', 'body-changes-account', 'cancelled-answered'],
    ...['claimed-after-revocation', 'claimed-as-it-was'],
    ...[
      'disconnected-in-cache',
      'entitled-before',
      'equal-at-once',
      'exempt-account',
      'finished-run-adopted',
      'four-eyes',
    ],
    ...['job-of-other-scopes', 'joined-is-delivered', 'left-and-told', 'left-unseen', 'link-of-another'],
    ...[
      'login-sent-twice',
      'no-evidence',
      'operator-unwritten',
      'other-api-in-cache',
      'other-details',
      'replay',
      'resolved-by-another',
      'session-after-sign-out',
    ],
    ...['session-of-revoked-login', 'session-of-revoked-user', 'tenant-forgotten', 'token-told'],
    ...['tried-again-elsewhere', 'unheard-again', 'unheard-in-a-read', 'unsent-beside-running'],
    ...['write-after-revocation', 'write-begins-inside', 'write-inside'],
  ])
  expect(inapplicableBreaks()).toEqual([])
}, 60_000)

// These two are found within seconds.
test.each(['9', '10'])(
  'the known break %s is found where its mend is taken out',
  async (name) => {
    const boot = await bundle(name)
    const { failed } = await search(boot, { seed: 'break', milliseconds: 200_000, sequences: 500 })
    expect(failed).toHaveLength(1)
  },
  240_000,
)

test.each(brokenSequences)(
  'the known break %s is found: %s',
  async (name, _, commands) => {
    const mended = await runSequence(await whole, 'kept', commands)
    const broken = await runSequence(await bundle(name), 'kept', commands)
    expect(mended.unjustified).toEqual([])
    expect(broken.unjustified).not.toEqual([])
  },
  120_000,
)

test.each(Object.entries(keptSequences))(
  'the known break %s is found by its kept sequence',
  async (name, commands) => {
    const mended = await runSequence(await whole, 'kept', commands)
    const broken = await runSequence(await bundle(name), 'kept', commands)
    expect(mended.unjustified).toEqual([])
    expect(broken.unjustified).not.toEqual([])
  },
  120_000,
)

import { describe, expect, test } from 'vitest'
import { ConfigurationError, InvalidResponseError } from '../../../src/base/errors/index.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import type { Entry, RunRecord } from '../../../src/runs/record.ts'
import { noteOf, stateOf } from '../../../src/runs/run-state.ts'
import { claimRun, plainRecord, record, servers, testChannel, testLedger, told } from './harness.ts'

const NOW = 1_800_000_000
const delivery = { state: {}, interval: 5, nextPollAt: NOW, expiresAt: NOW }

async function stored(made: RunRecord) {
  const { runStore, clock } = testLedger()
  const entry = (await runStore.create(made)) as Entry
  const asked = testChannel()
  const settle = async () =>
    advanceRun(runStore, (await runStore.read('r')) ?? entry, asked.channel, { authorizationServers: servers, clock })
  return { ...asked, runStore, clock, entry, settle }
}

describe('`onCrash: retry` puts back what crashed, and nothing else (A2)', () => {
  test('not what still runs', async () => {
    const { runStore, entry, settle } = await stored(plainRecord('r', { retry: 'same_key' }))
    const claim = await claimRun(runStore, entry)
    const settled = await settle()
    expect([settled.status, stateOf(settled.entry.record)]).toEqual(['busy', 'running'])
    expect(await claimRun(runStore, entry)).toBeUndefined()
    await claim?.complete({ kind: 'undefined' })
    expect((await settle()).status).toBe('replay')
  })

  test.each([
    ['threw', 'refused'],
    ['denied', 'refused'],
    ['cancelled', 'refused'],
    ['completed', 'replay'],
  ] as const)('not what is %s', async (state, status) => {
    const { settle } = await stored(record('r', { state, retry: 'same_key' }))
    const settled = await settle()
    expect([settled.status, stateOf(settled.entry.record)]).toEqual([status, state])
  })
})

describe('a look that fails for good', () => {
  test.each([new ConfigurationError('app', 'mend it'), new InvalidResponseError('nonsense')])(
    'is told: %s',
    async (error) => {
      const { settle, answers, runStore } = await stored(record('r', { state: 'pending', delivery }))
      answers(() => Promise.reject(error))
      await expect(settle()).rejects.toBe(error)
      expect(told((await runStore.read('r'))?.record)).toMatchObject({
        state: 'pending',
        delivery: { nextPollAt: NOW + 5 },
      })
    },
  )
})

test('silence and a lost answer are told apart at the end (A6)', async () => {
  const notes: (string | undefined)[] = []
  for (const status of ['expired', 'answer_lost'] as const) {
    const { settle, answers } = await stored(record('r', { state: 'pending', delivery, sends: 3 }))
    answers({ status })
    const settled = await settle()
    expect(settled).toMatchObject({ status: 'refused', code: 'approval_expired' })
    notes.push(noteOf(settled.entry.record))
  }
  expect(notes).toEqual([expect.stringContaining('no answer in time'), expect.stringContaining('lost')])
})

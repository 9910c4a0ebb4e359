import { expect, test } from 'vitest'
import { answerTokenOf, isAnswerableNow } from '../../../src/runs/channels/in-app-inbox.ts'
import type { Delivery } from '../../../src/runs/record.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { applied, type Pending } from '../../../src/runs/write-answer.ts'
import { record, testLedger } from './harness.ts'
import { person } from './people.ts'

const now = 1_800_000_000

/** A question whose answer is to be the credential itself, where a channel delivered it that has no tokens. */
function asked(credential: boolean) {
  const delivery: Delivery = { state: { kind: 'in_app' }, interval: 5, nextPollAt: now }
  const pending = record('r', { state: 'pending', delivery }) as Pending
  const held = { resource: 'https://api.example', scopes: ['trade:write'] }
  return { ...pending, question: { ...pending.question, ...(credential && { credential: held }) } }
}

test('a yes without a token approves nothing, where the token is the approval (A9)', () => {
  expect(stateOf(applied(asked(true), { status: 'approved' }, { sentAt: now, now }))).toBe('failed')
  expect(stateOf(applied(asked(false), { status: 'approved' }, { sentAt: now, now }))).toBe('approved')
})

test('the app’s own pages do not offer such a question', () => {
  expect(isAnswerableNow(asked(true), now)).toBe(false)
  expect(isAnswerableNow(asked(false), now)).toBe(true)
})

test('what ties an answer to its page differs by question, person and session', async () => {
  const { runStore } = testLedger()
  const tokens = await Promise.all([
    answerTokenOf(runStore, record('r'), person('ann')),
    answerTokenOf(runStore, record('other'), person('ann')),
    answerTokenOf(runStore, record('r'), person('ann', { sessionId: 'other' })),
    answerTokenOf(runStore, record('r'), person('bob', { sessionId: 'session-of-ann' })),
    answerTokenOf(runStore, record('r'), person('ann', { tenant: 'other' })),
  ])
  expect(new Set(tokens).size).toBe(tokens.length)
})

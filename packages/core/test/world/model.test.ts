import { describe, expect, test } from 'vitest'
import type { Caller, Happening, Rules } from './events.ts'
import { Model } from './model.ts'

const START = 1_800_000_000

const ann: Caller = { subject: 'ann', kind: 'user', client: 'agent', session: 's1', provenAt: START }
const carol: Caller = { ...ann, subject: 'carol', session: 's2' }
const rules: Rules = {
  version: '1',
  limit: 100,
  approver: 'carol',
  lifetime: 600,
  useWithin: 300,
  perCall: false,
  retries: false,
  writes: true,
  unseen: false,
  scopes: ['pay:do'],
  exemptScopes: ['pay:small'],
}
const text = { owner: 'ann', kind: 'user by agent', tool: 'pay', amount: 500, version: '1' }

type Timed = readonly [at: number, happening: Happening]

const called = (call: number, over: object = {}): Happening =>
  ({
    ...{ kind: 'called', call, process: 'p1', caller: ann, tool: 'pay', slot: 'one', amount: 50, rules },
    ...over,
  }) as Happening
const began = (call: number, key = 'k', input = '50'): Happening => ({ kind: 'began', call, input, key })
const bearer = { subject: 'ann', audience: 'https://api.example', scopes: ['pay:small'] }
const sent = (call: number, over: object = {}, status = 200): Happening => ({
  ...{ kind: 'sent', call, method: 'POST', status },
  bearer: { ...bearer, ...over },
})
const ended = (call: number, how: 'returned' | 'threw', result = '1'): Happening => ({
  ...{ kind: 'body ended', call, how },
  ...(how === 'returned' && { result }),
})
const done = (call: number, result: string): Happening => ({
  kind: 'outcome',
  call,
  status: 'done',
  result,
  words: result,
})
const asked: Happening = { kind: 'asked', question: 'q', approver: 'carol', text }
const answered = (answer: 'yes' | 'no', over: object = {}): Happening => ({
  ...{ kind: 'answered', isSure: true, question: 'q', by: carol, answer, calledAt: START + 5 },
  ...over,
})
const big = { amount: 500 }

/** The promises that a history breaks. */
function broken(history: readonly Timed[]): readonly string[] {
  const model = new Model()
  for (const [at, happening] of history) model.observe({ at: START + at, ...happening })
  return [...new Set(model.unjustified.map(({ promise }) => promise))]
}

describe('the model says which histories are justified', () => {
  test.each<readonly [string, readonly Timed[]]>([
    [
      'a call that needs no approval',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1)],
        [3, ended(1, 'returned')],
        [4, done(1, '1')],
      ],
    ],
    [
      'a result that is told again',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, called(2)],
        [5, done(2, '1')],
      ],
    ],
    [
      'a body that was refused, and runs again',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1, {}, 403)],
        [3, ended(1, 'threw')],
        [4, called(2)],
        [5, began(2)],
      ],
    ],
    [
      'a yes, and the call',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes')],
        [6, called(2, big)],
        [7, began(2, 'k', '500')],
      ],
    ],
  ])('%s', (_, history) => expect(broken(history)).toEqual([]))

  test.each<readonly [string, readonly Timed[]]>([
    [
      'sameCallSameKey',
      [
        [0, called(1)],
        [1, began(1)],
        [2, ended(1, 'threw')],
        [3, called(2)],
        [4, began(2, 'another')],
      ],
    ],
    [
      'notAgain',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1)],
        [3, ended(1, 'threw')],
        [4, called(2)],
        [5, began(2)],
      ],
    ],
    [
      'notBesideDoubt',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1)],
        [3, ended(1, 'threw')],
        [4, called(2, { slot: 'two' })],
        [5, began(2, 'k2')],
      ],
    ],
    [
      'approved',
      [
        [0, called(1, big)],
        [1, began(1, 'k', '500')],
      ],
    ],
    [
      'approved',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes')],
        [900, called(2, big)],
        [901, began(2, 'k', '500')],
      ],
    ],
    [
      'approved',
      [
        [1, asked],
        [900, answered('yes')],
        [901, called(2, big)],
        [902, began(2, 'k', '500')],
      ],
    ],
    [
      'notRevoked',
      [
        [0, { kind: 'revoked', subject: 'ann' }],
        [1, called(1, { caller: { ...ann, provenAt: START - 60 } })],
        [2, began(1)],
      ],
    ],
    [
      'notRevoked',
      [
        [0, { kind: 'revoked', session: 's1' }],
        [1, { kind: 'job created', job: 'j', by: ann, calledAt: START + 1 }],
      ],
    ],
    [
      'onlyThePerson',
      [
        [1, asked],
        [5, answered('yes', { by: { ...carol, kind: 'agent helper' } })],
      ],
    ],
    [
      'onlyThePerson',
      [
        [1, asked],
        [5, answered('yes', { by: ann })],
      ],
    ],
    [
      'rightToken',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1, { scopes: ['pay:do'] })],
      ],
    ],
    [
      'rightToken',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1, { subject: 'bob' })],
      ],
    ],
    [
      'sameResult',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, called(2)],
        [5, done(2, '2')],
      ],
    ],
    [
      'sameResult',
      [
        [0, called(1)],
        [1, done(1, '1')],
      ],
    ],
    [
      'notWornDown',
      [
        [1, asked],
        [5, answered('no')],
        [6, { ...asked, question: 'q2' }],
      ],
    ],
    [
      'noSecret',
      [
        [0, called(1)],
        [0, { kind: 'token issued', token: 'abc.def' }],
        [1, { kind: 'written', words: 'the token abc.def was refused' }],
      ],
    ],
    [
      'refused',
      [
        [0, called(1, { refused: 'bob is no treasurer' })],
        [1, began(1)],
      ],
    ],
    ['notForEver', [[0, { kind: 'must run', status: 'denied', why: '' }]]],
    ['notForEver', [[0, { kind: 'must end', status: 'unavailable', why: '' }]]],
    [
      'orderOnce',
      [
        [0, { kind: 'order ran', store: 's', subject: 'ann', key: 'k' }],
        [1, { kind: 'order ran', store: 's', subject: 'ann', key: 'k' }],
      ],
    ],
  ])('%s is broken', (promise, history) => expect(broken(history)).toEqual([promise]))
})

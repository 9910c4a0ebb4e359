import { describe, expect, test } from 'vitest'
import {
  ann,
  answered,
  asked,
  began,
  big,
  broken,
  called,
  carol,
  done,
  ended,
  START,
  sent,
  type Timed,
  told,
} from './histories.ts'

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
        [5, told(2, '1')],
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
    [
      'a no that a process wrote late, because it stood still, and a question that was under way then',
      [
        [0, called(1, big)],
        [1, asked],
        [30, answered('no')],
        [31, { ...asked, question: 'q2' }],
      ],
    ],
    [
      'a yes that was sent, of which nothing more was heard, and the call',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes', { isSure: false })],
        [6, called(2, big)],
        [7, began(2, 'k', '500')],
      ],
    ],
    [
      'a result that its owner vouched for',
      [
        [0, called(1)],
        [1, began(1)],
        [2, { kind: 'died', process: 'p1' }],
        [3, { kind: 'resolved', isSure: true, key: 'k', what: 'ran', by: ann, calledAt: START + 3 }],
        [4, called(2)],
        [5, told(2, 'null')],
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
      'rightToken',
      [
        [0, called(1)],
        [1, began(1)],
        [2, sent(1, { actor: 'mallory' })],
      ],
    ],
    [
      'rightToken',
      [
        [0, called(1, { caller: { ...ann, kind: 'agent helper' } })],
        [1, began(1)],
        [2, sent(1)],
      ],
    ],
    [
      'sameResult',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, called(2)],
        [5, told(2, '2')],
      ],
    ],
    [
      'sameResult',
      [
        [0, called(1)],
        [1, told(1, '1')],
      ],
    ],
    [
      'notWornDown',
      [
        [1, asked],
        [5, answered('no')],
        [16, { ...asked, question: 'q2' }],
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

import { describe, expect, test } from 'vitest'
import type { Happening } from './events.ts'
import { ann, answered, asked, began, big, broken, called, carol, rules, START, sent, type Timed } from './histories.ts'

const FILES = 'https://files.example'
const kept = { ...ann, session: 's9' }
const served: Happening = { kind: 'session served', kept: 'kept-1', by: kept, subject: 'ann', calledAt: START + 20 }
const used: Happening = { kind: 'refresh token used', token: 'refresh-1' }
const linked: Happening = {
  ...{ kind: 'linked', grant: 'consent 1', account: 'home', by: ann, begunBy: 'ann', calledAt: START + 1 },
}
const disconnected: Happening = {
  ...{ kind: 'disconnected', subject: 'ann', account: 'home', process: 'p1', by: ann, calledAt: START + 4 },
}
const opens = (call: number, process = 'p1'): Happening =>
  called(call, { process, tool: 'open', rules: { ...rules, audience: FILES, writes: false, limit: undefined } })
const sentTo = (call: number): Happening => sent(call, { audience: FILES, scopes: ['pay:do'], grant: 'consent 1' })
const cancelled: Happening = { kind: 'cancelled', question: 'q', calledAt: START + 6 }
const inDoubt: readonly Timed[] = [
  [0, called(1)],
  [1, began(1)],
  [2, { kind: 'died', process: 'p1' }],
]
const resolved: Happening = {
  ...{ kind: 'resolved', key: 'k', what: 'did not run', calledAt: START + 3, isSure: true },
}

describe('the model says which histories of sessions, accounts and operators are justified', () => {
  test.each<readonly [string, readonly Timed[]]>([
    [
      'a kept session, before and while it ends',
      [
        [10, { kind: 'session kept', kept: 'kept-1', by: kept, calledAt: START + 9 }],
        [21, served],
        [22, { kind: 'session ended', kept: 'kept-1' }],
        [23, { kind: 'revoked', session: 's9' }],
        [24, served],
      ],
    ],
    ['a refresh token that is used once', [[1, used]]],
    [
      'an account that is linked again after it was disconnected',
      [
        [2, linked],
        [5, disconnected],
        [7, { ...linked, grant: 'consent 2', calledAt: START + 6 }],
        [20, opens(1)],
        [21, began(1)],
        [22, sent(1, { audience: FILES, scopes: ['pay:do'], grant: 'consent 2' })],
      ],
    ],
    [
      'another process that goes on with a disconnected account for a moment',
      [
        [2, linked],
        [5, disconnected],
        [9, opens(1, 'p2')],
        [10, began(1)],
        [11, sentTo(1)],
      ],
    ],
    [
      'a question that was cancelled, asked again and answered',
      [
        [1, asked],
        [7, cancelled],
        [8, asked],
        [9, answered('yes', { calledAt: START + 9 })],
        [10, called(1, big)],
        [11, began(1, 'k', '500')],
      ],
    ],
    [
      'a run that an operator released, on the record',
      [
        ...inDoubt,
        [3, { kind: 'written', words: '', operator: 'operator-1' }],
        [4, resolved],
        [5, { kind: 'operator acted', operator: 'operator-1', what: 'resolved it' }],
        [6, called(2)],
        [7, began(2)],
      ],
    ],
  ])('%s', (_, history) => expect(broken(history)).toEqual([]))

  test.each<readonly [string, string, readonly Timed[]]>([
    [
      'sessionEnds',
      'by a session that was ended',
      [
        [15, { kind: 'session ended', kept: 'kept-1' }],
        [21, served],
      ],
    ],
    [
      'sessionEnds',
      'by a session that was revoked',
      [
        [15, { kind: 'revoked', session: 's9' }],
        [21, served],
      ],
    ],
    [
      'sessionEnds',
      'by a session whose user was revoked',
      [
        [15, { kind: 'revoked', subject: 'ann' }],
        [21, served],
      ],
    ],
    ['sessionEnds', 'by the session of another user', [[21, { ...served, subject: 'mallory' } as Happening]]],
    [
      'notRevoked',
      'by a login that is kept after it was revoked',
      [
        [5, { kind: 'revoked', subject: 'ann' }],
        [10, { kind: 'session kept', kept: 'kept-1', by: kept, calledAt: START + 9 }],
      ],
    ],
    [
      'sentOnce',
      'by a refresh token that is sent twice',
      [
        [1, used],
        [2, used],
      ],
    ],
    [
      'ownAccount',
      'by a token of a disconnected account, at the same process',
      [
        [2, linked],
        [5, disconnected],
        [6, opens(1)],
        [7, began(1)],
        [8, sentTo(1)],
      ],
    ],
    [
      'ownAccount',
      'by a token of a disconnected account, at another process, later',
      [
        [2, linked],
        [5, disconnected],
        [16, opens(1, 'p2')],
        [17, began(1)],
        [18, sentTo(1)],
      ],
    ],
    [
      'ownAccount',
      'by a token of an account that the app forgot',
      [
        [2, linked],
        [5, { kind: 'disconnected', subject: 'ann', process: 'p1', calledAt: START + 4 }],
        [6, opens(1)],
        [7, began(1)],
        [8, sentTo(1)],
      ],
    ],
    ['ownAccount', 'by a link of an account to which another person agreed', [[2, { ...linked, begunBy: 'bob' }]]],
    ['ownAccount', 'by a disconnect of an account of another person', [[5, { ...disconnected, by: carol }]]],
    ['onlyThePerson', 'by a link of an agent', [[2, { ...linked, by: { ...ann, kind: 'agent helper' } }]]],
    [
      'notRevoked',
      'by a link of a revoked proof',
      [
        [0.5, { kind: 'revoked', subject: 'ann' }],
        [2, linked],
      ],
    ],
    [
      'rightToken',
      'by a token of the provider that leaves for the API',
      [
        [2, linked],
        [3, called(1)],
        [4, began(1)],
        [5, sent(1, { audience: FILES, grant: 'consent 1' })],
      ],
    ],
    [
      'withdrawn',
      'by a yes to a question that was cancelled',
      [
        [1, asked],
        [7, cancelled],
        [8, answered('yes', { calledAt: START + 8 })],
        [9, called(1, big)],
        [10, began(1, 'k', '500')],
      ],
    ],
    [
      'onTheRecord',
      'by an operator of whom nothing was written',
      [[5, { kind: 'operator acted', operator: 'o', what: '' }]],
    ],
  ])('%s is broken %s', (promise, _, history) => expect(broken(history)).toEqual([promise]))
})

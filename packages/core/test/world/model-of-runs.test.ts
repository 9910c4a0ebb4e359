import { describe, expect, test } from 'vitest'
import type { Happening } from './events.ts'
import {
  ann,
  answered,
  asked,
  began,
  big,
  bigBegan,
  broken,
  called,
  carol,
  ended,
  ending,
  inDoubt,
  releasedAt,
  rules,
  START,
  sent,
  type Timed,
  unproven,
} from './histories.ts'

const warned: Happening = { ...asked, text: { ...asked.text, warning: 'A request before ended unknown. ' } }

const again: readonly Timed[] = [
  [100, called(3, big)],
  [101, bigBegan(3)],
]
/** A body that makes another guarded write. */
const inside = (how: 'returned' | 'said no effect'): readonly Timed[] => [
  [0, called(1)],
  [1, began(1)],
  [2, called(2, { tool: 'note', slot: 'inside', outer: 1 })],
  [3, began(2, 'k2')],
  [4, ended(2, how)],
  [5, ended(1, 'threw')],
  [6, called(3)],
  [7, began(3)],
]

describe('the model says which histories of runs in doubt are justified', () => {
  test.each<readonly [string, readonly Timed[]]>([
    [
      'a body that said that it had no effect, in a tool whose bodies may act by ways of their own',
      [
        [0, called(1, { rules: unproven })],
        [1, began(1)],
        [2, ended(1, 'said no effect')],
        [3, called(2, { rules: unproven })],
        [4, began(2)],
      ],
    ],
    [
      'a body whose only write was refused, which threw for that',
      [
        [0, called(1, { rules: unproven })],
        [1, began(1)],
        [2, sent(1, {}, 403)],
        [3, ended(1, 'was refused')],
        [4, called(2, { rules: unproven })],
        [5, began(2)],
      ],
    ],
    ['a body that threw around a write that had no effect', inside('said no effect')],
    [
      'a run that its owner released, and of which its approver was asked and told again',
      [...inDoubt(), releasedAt(20), [30, warned], [40, answered('yes', { calledAt: START + 39 })], ...again],
    ],
    [
      'a run that an operator released, by the yes from before',
      [...inDoubt(), releasedAt(20, { by: undefined }), ...again],
    ],
    [
      'a run that its owner released, who had approved it themselves',
      [
        [0, called(1, { ...big, rules: { ...rules, approver: 'ann' } })],
        [1, { ...asked, approver: 'ann' }],
        [5, answered('yes', { by: ann })],
        [6, called(2, { ...big, rules: { ...rules, approver: 'ann' } })],
        [7, bigBegan(2)],
        [8, sent(2, { scopes: ['pay:do'] })],
        [9, ended(2, 'threw')],
        releasedAt(20),
        [100, called(3, { ...big, rules: { ...rules, approver: 'ann' } })],
        [101, bigBegan(3)],
      ],
    ],
    [
      'a yes whose approver is revoked right before the body begins, where the last look was slow',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes')],
        [6, called(2, big)],
        [7, { kind: 'trouble', process: 'p1' }],
        [8, { kind: 'revoked', subject: 'carol' }],
        [12, bigBegan(2)],
      ],
    ],
  ])('%s', (_, history) => expect(broken(history)).toEqual([]))

  test.each<readonly [string, string, readonly Timed[]]>([
    [
      'notAgain',
      'by a body that threw, of which nothing shows that it had no effect',
      [
        [0, called(1, { rules: unproven })],
        [1, began(1)],
        [2, ended(1, 'threw')],
        [3, called(2, { rules: unproven })],
        [4, began(2)],
      ],
    ],
    [
      'notAgain',
      'by a body that acted by ways of its own, and whose request was refused',
      [
        [0, called(1, { rules: unproven })],
        [1, began(1)],
        [2, { kind: 'acted unseen', call: 1 }],
        [3, ended(1, 'was refused')],
        [4, called(2, { rules: unproven })],
        [5, began(2)],
      ],
    ],
    ['notAgain', 'by a body that threw around a write that was done', inside('returned')],
    ['notAgain', 'by the yes from before its owner released it', [...inDoubt(), releasedAt(20), ...again]],
    [
      'notAgain',
      'by a yes to a question that did not tell of its own doubt',
      [
        ...inDoubt(),
        releasedAt(20),
        [30, { ...asked, expiresAt: START + 900 }],
        [40, answered('yes', { calledAt: START + 39 })],
        ...again,
      ],
    ],
    [
      'notAgain',
      'by a fourth body, whatever was said of the third',
      [1, 11, 21, 31].flatMap((at, index): readonly Timed[] => [
        [at, called(index + 1)],
        [at + 1, began(index + 1)],
        [at + 2, sent(index + 1)],
        [at + 3, ended(index + 1, 'threw')],
        releasedAt(at + 5),
      ]),
    ],
    [
      'notAgain',
      'by a question about a call that has begun three times',
      [
        ...[1, 11, 21].flatMap((at, index): readonly Timed[] => [
          [at, called(index + 1)],
          [at + 1, began(index + 1)],
          [at + 3, ended(index + 1, 'threw')],
        ]),
        [30, called(4)],
        [31, ending(4, 'interrupted', 'approval_pending')],
      ],
    ],
    ['onlyThePerson', 'by an approver who resolves the run of another', [...inDoubt(), releasedAt(20, { by: carol })]],
    [
      'notBesideDoubt',
      'by a yes to a question that did not tell of an equal call in doubt',
      [
        ...inDoubt(),
        [100, called(3, { ...big, slot: 'two' })],
        [101, { ...asked, question: 'q2' }],
        [105, answered('yes', { question: 'q2', calledAt: START + 104 })],
        [106, called(4, { ...big, slot: 'two' })],
        [107, bigBegan(4, 'k2')],
      ],
    ],
    [
      'approved',
      'by an answer to a question that had ended',
      [
        [0, called(1, big)],
        [1, { ...asked, expiresAt: START + 600 }],
        [605, answered('yes', { calledAt: START + 604 })],
      ],
    ],
    [
      'approved',
      'by a yes whose approver was revoked while the call got its token',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes')],
        [6, called(2, big)],
        [8, { kind: 'revoked', subject: 'carol' }],
        [12, bigBegan(2)],
      ],
    ],
    [
      'withdrawn',
      'by a question that was cancelled while the call got its token',
      [
        [0, called(1, big)],
        [1, asked],
        [5, answered('yes')],
        [6, called(2, big)],
        [8, { kind: 'cancelled', question: 'q', by: ann, calledAt: START + 7 }],
        [12, bigBegan(2)],
      ],
    ],
  ])('%s is broken %s', (promise, _, history) => expect(broken(history)).toEqual([promise]))
})

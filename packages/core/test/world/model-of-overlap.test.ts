import { describe, expect, test } from 'vitest'
import type { Happening } from './events.ts'
import {
  ann,
  answered,
  asked,
  began,
  broken,
  called,
  done,
  ended,
  ending,
  left,
  rules,
  START,
  type Timed,
  told,
  undelivered,
  unheard,
} from './histories.ts'

const reads = { ...rules, writes: false }
const lookedAndPaid: readonly Timed[] = [
  [0, called(1, { tool: 'look', rules: reads })],
  [1, began(1)],
  [2, called(2, { outer: 1 })],
  [3, began(2, 'k2')],
  [4, ended(2, 'returned', '2')],
  [5, done(2, '2')],
]
const lookedAndThrew: readonly Timed[] = [...lookedAndPaid, [6, ended(1, 'threw')], [7, ending(1, 'threw')]]
const warned: Happening = { ...asked, text: { ...asked.text, warning: 'A request before ended unknown. ' } }

describe('the model says which histories of runs that overlap are justified', () => {
  test.each<readonly [string, readonly Timed[]]>([
    [
      'an equal call that is told what no caller has seen, and another one that runs after it',
      [
        ...undelivered,
        [20, called(2, { slot: 'two' })],
        [21, told(2, '1')],
        [30, called(3, { slot: 'three' })],
        [31, began(3, 'k3')],
      ],
    ],
    [
      'an equal call that begins while another one may be told what no caller has seen',
      [
        ...undelivered,
        [20, called(2, { slot: 'two' })],
        [20, called(3, { slot: 'three' })],
        [21, began(3, 'k3')],
        [22, told(2, '1')],
      ],
    ],
    [
      'an equal call after the hour in which it would be told',
      [...undelivered, [4000, called(2, { slot: 'two' })], [4001, began(2, 'k2')]],
    ],
    [
      'a call of another kind of caller beside an equal one that runs, and after one that no caller has seen',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two', caller: { ...ann, kind: 'agent helper' } })],
        [3, began(2, 'k2')],
      ],
    ],
    [
      'an equal call that another process begins at the same moment',
      [
        [0, called(1)],
        [0, called(2, { slot: 'two', process: 'p2' })],
        [1, began(1)],
        [1, began(2, 'k2')],
      ],
    ],
    [
      'a call that is asked about by itself, by a question that tells of the result that no caller has seen',
      [
        ...undelivered,
        [20, called(2, { slot: 'two', rules: { ...rules, limit: 10, perCall: true } })],
        [21, { ...warned, text: { ...asked.text, amount: 50, warning: 'It was done before. ' } } as Happening],
        [25, answered('yes', { calledAt: START + 24 })],
        [30, called(3, { slot: 'two', rules: { ...rules, limit: 10, perCall: true } })],
        [31, began(3, 'k3')],
      ],
    ],
    [
      'a call that is told what a call within a read did, which threw, and another one after a second such read',
      [
        ...lookedAndThrew,
        [20, called(3, { tool: 'look', slot: 'two', rules: reads })],
        [21, began(3, 'k3')],
        [22, called(4, { slot: 'two', outer: 3 })],
        [23, told(4, '2')],
        [24, ended(3, 'threw')],
        [25, ending(3, 'threw')],
        [30, called(5, { slot: 'three' })],
        [31, told(5, '2')],
      ],
    ],
    [
      'a call that is told to come back while an equal one runs for long, or after something failed',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two' })],
        [62, ending(2, 'unavailable')],
        [63, { kind: 'trouble' }],
        [64, called(3, { slot: 'two' })],
        [65, ended(1, 'returned')],
        [66, ending(3, 'unavailable')],
      ],
    ],
  ])('%s', (_, history) => expect(broken(history)).toEqual([]))

  test.each<readonly [string, string, readonly Timed[]]>([
    [
      'notBesideDoubt',
      'by an equal call in the same process while one runs, though it was made before',
      [
        [0, called(1)],
        [0, called(2, { slot: 'two' })],
        [1, began(1)],
        [2, began(2, 'k2')],
      ],
    ],
    [
      'notBesideDoubt',
      'after a result that no caller has seen and that cannot be told again',
      [
        [0, called(1)],
        [1, began(1)],
        [3, left(1)],
        [8, { ...ended(1, 'returned'), isOnceOnly: true } as Happening],
        [8.1, unheard(1)],
        [20, called(2, { slot: 'two' })],
        [21, began(2, 'k2')],
      ],
    ],
    [
      'sameResult',
      'by a call that begins where it should be told what no caller has seen',
      [...undelivered, [20, called(2, { slot: 'two' })], [21, began(2, 'k2')]],
    ],
    [
      'sameResult',
      'by a question about a call that should be told what no caller has seen',
      [...undelivered, [20, called(2, { slot: 'two' })], [21, ending(2, 'interrupted', 'approval_pending')]],
    ],
    [
      'sameResult',
      'by a caller that had left, and is told what the next equal call is told',
      [
        [0, called(1)],
        [1, began(1)],
        [3, left(1)],
        [8, ended(1, 'returned')],
        [8.1, done(1, '1')],
      ],
    ],
    [
      'sameResult',
      'by a call that begins where it should be told what a call within a read did, which threw',
      [...lookedAndThrew, [20, called(3, { slot: 'two' })], [21, began(3, 'k3')]],
    ],
    [
      'sameResult',
      'by a call that is told what a call within a read did, which did not throw',
      [
        ...lookedAndPaid,
        [7, ended(1, 'returned')],
        [8, done(1, '1')],
        [20, called(3, { slot: 'two' })],
        [21, told(3, '2')],
      ],
    ],
    [
      'sameResult',
      'by a second slot that is told what no caller had seen',
      [
        ...undelivered,
        [20, called(2, { slot: 'two' })],
        [21, told(2, '1')],
        [30, called(3, { slot: 'three' })],
        [31, told(3, '1')],
      ],
    ],
    [
      'sameResult',
      'by a call that is told the delivered result of a run that had begun before it came',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, done(1, '1')],
        [5, called(2, { slot: 'two' })],
        [6, told(2, '1')],
      ],
    ],
    [
      'sameResult',
      'by another kind of caller that is told what no caller has seen',
      [...undelivered, [20, called(2, { slot: 'two', caller: { ...ann, kind: 'agent helper' } })], [21, told(2, '1')]],
    ],
    [
      'sameResult',
      'by a call that is asked about by itself, by a question that tells nothing of the result that no caller has seen',
      [
        ...undelivered,
        [20, called(2, { slot: 'two', rules: { ...rules, limit: 10, perCall: true } })],
        [21, { ...asked, text: { ...asked.text, amount: 50 } }],
        [25, answered('yes', { calledAt: START + 24 })],
        [30, called(3, { slot: 'two', rules: { ...rules, limit: 10, perCall: true } })],
        [31, began(3, 'k3')],
      ],
    ],
    [
      'sameResult',
      'by a result that is not said to be of a run before',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, called(2)],
        [5, done(2, '1')],
      ],
    ],
    [
      'sameResult',
      'by a result that is said to be of a run before, where its body ran',
      [
        [0, called(1)],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, told(1, '1')],
      ],
    ],
    [
      'waits',
      'by a call that is told to come back, because an equal one runs for a moment',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two' })],
        [3, ended(1, 'returned')],
        [4, ending(2, 'unavailable')],
      ],
    ],
    [
      'waits',
      'by a preflight that is refused, because an equal call runs',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two', preflight: true })],
        [3, ending(2, 'unavailable')],
      ],
    ],
    [
      'waits',
      'by a call that is told to come back, because another kind of caller runs an equal one',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two', caller: { ...ann, kind: 'agent helper' } })],
        [60, ending(2, 'unavailable')],
      ],
    ],
  ])('%s is broken %s', (promise, _, history) => expect(broken(history)).toEqual([promise]))
})

import { describe, expect, test } from 'vitest'
import type { Answer, Asked, Operation } from './history.ts'
import { problemIn, problemsIn } from './linearizable.ts'

/** Client, begin, end (`undefined`: no answer came), what was asked, and the answer. */
type Row = readonly [client: string, began: number, at: number | undefined, asked: Asked, answer?: Answer]

const history = (rows: readonly Row[], key = 'key'): Operation[] =>
  rows.map(([client, began, at, asked, answer = null]) => ({
    client,
    key,
    asked,
    began,
    ...(at !== undefined && { answered: { at, answer } }),
  }))

const get: Asked = { do: 'get' }
const claim: Asked = { do: 'claim' }
const increment: Asked = { do: 'increment' }
const put = (value: string, ifVersion: string | null = null, isDue = false): Asked => ({
  do: 'put',
  value,
  ifVersion,
  isDue,
})
const seen = (value: string, version: string) => ({ value, version })

describe('a history that an order explains', () => {
  test.each<[string, readonly Row[]]>([
    [
      'one after the other',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, get, seen('x', '1')],
      ],
    ],
    [
      'a read beside a write sees it',
      [
        ['a', 0, 9, put('x'), '1'],
        ['b', 2, 3, get, seen('x', '1')],
      ],
    ],
    [
      'a read beside a write does not see it',
      [
        ['a', 0, 9, put('x'), '1'],
        ['b', 2, 3, get, null],
      ],
    ],
    [
      'two writes of one version, beside each other: one of them',
      [
        ['a', 0, 9, put('x'), 'conflict'],
        ['b', 1, 8, put('y'), '2'],
        ['a', 10, 11, get, seen('y', '2')],
      ],
    ],
    [
      'a write whose answer was lost is carried out much later',
      [
        ['a', 0, undefined, put('x')],
        ['b', 5, 6, get, null],
        ['b', 50, 51, get, seen('x', '1')],
      ],
    ],
    [
      'a write whose answer was lost is never carried out',
      [
        ['a', 0, undefined, put('x')],
        ['b', 5, 6, get, null],
      ],
    ],
    [
      'a claim, and nothing for those who come later',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, 3, claim, seen('x', '2')],
        ['c', 4, 5, claim, null],
      ],
    ],
    [
      'a claim whose answer was lost took it',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, undefined, claim],
        ['c', 4, 5, claim, null],
      ],
    ],
    [
      'the version of a lost claim is one version',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, undefined, claim],
        ['c', 4, 5, get, seen('x', '2')],
        ['c', 6, 7, put('y', '2'), '3'],
      ],
    ],
    [
      'counts beside each other',
      [
        ['a', 0, 9, increment, 2],
        ['b', 1, 8, increment, 1],
      ],
    ],
    [
      'a lost count counts',
      [
        ['a', 0, undefined, increment],
        ['b', 5, 6, increment, 2],
      ],
    ],
    [
      'a lost count does not count',
      [
        ['a', 0, undefined, increment],
        ['b', 5, 6, increment, 1],
      ],
    ],
    [
      'deleted, and written again',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, { do: 'delete', ifVersion: '1' }, 'deleted'],
        ['b', 4, 5, { do: 'delete', ifVersion: '1' }, 'conflict'],
        ['b', 6, 7, { do: 'delete' }, 'deleted'],
        ['a', 8, 9, put('y'), '2'],
      ],
    ],
  ])('%s', (_, rows) => {
    expect(problemIn(history(rows))).toBeUndefined()
  })
})

describe('a history that no order explains', () => {
  test.each<[string, readonly Row[]]>([
    [
      'a read misses what was written before',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, get, null],
      ],
    ],
    [
      'a read goes back behind another',
      [
        ['a', 0, 1, put('x'), '1'],
        ['a', 2, 20, put('y', '1'), '2'],
        ['b', 4, 5, get, seen('y', '2')],
        ['c', 6, 7, get, seen('x', '1')],
      ],
    ],
    ['a read of a value that was not written', [['a', 0, 1, get, seen('x', '1')]]],
    [
      'a read of another version',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, get, seen('x', '2')],
      ],
    ],
    [
      'two writes both meet one version',
      [
        ['a', 0, 9, put('x'), '1'],
        ['b', 1, 8, put('y'), '2'],
      ],
    ],
    ['a conflict with nothing', [['a', 0, 1, put('x'), 'conflict']]],
    [
      'a lost write that came and went',
      [
        ['a', 0, undefined, put('x')],
        ['b', 5, 6, get, seen('x', '1')],
        ['b', 7, 8, get, null],
      ],
    ],
    [
      'a lost write is carried out twice',
      [
        ['a', 0, undefined, put('x')],
        ['b', 5, 6, get, seen('x', '1')],
        ['b', 7, 8, { do: 'delete' }, 'deleted'],
        ['b', 9, 10, get, seen('x', '1')],
      ],
    ],
    [
      'two claims of one key',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, 9, claim, seen('x', '2')],
        ['c', 3, 8, claim, seen('x', '3')],
      ],
    ],
    [
      'a claim misses what is due',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, 3, claim, null],
      ],
    ],
    [
      'a claim of what is in no queue',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, claim, seen('x', '2')],
      ],
    ],
    [
      'a claim leaves the version as it was',
      [
        ['a', 0, 1, put('x', null, true), '1'],
        ['b', 2, 3, claim, seen('x', '2')],
        ['a', 4, 5, put('y', '1'), '3'],
      ],
    ],
    ['a delete of a version that is gone', [['a', 0, 1, { do: 'delete', ifVersion: '1' }, 'deleted']]],
    [
      'a deleted key is still there',
      [
        ['a', 0, 1, put('x'), '1'],
        ['b', 2, 3, { do: 'delete' }, 'deleted'],
        ['a', 4, 5, get, seen('x', '1')],
      ],
    ],
    [
      'two counts give one total',
      [
        ['a', 0, 9, increment, 1],
        ['b', 1, 8, increment, 1],
      ],
    ],
    [
      'a count is left out',
      [
        ['a', 0, 1, increment, 1],
        ['b', 2, 3, increment, 3],
      ],
    ],
    [
      'a later count is lower',
      [
        ['a', 0, 1, increment, 2],
        ['b', 2, 3, increment, 1],
      ],
    ],
    [
      'a lost count counts twice',
      [
        ['a', 0, undefined, increment],
        ['b', 5, 6, increment, 3],
      ],
    ],
  ])('%s', (_, rows) => {
    expect(problemIn(history(rows))).toMatch(/^key: \d+ operations have an order/)
  })
})

test('keys are judged apart', () => {
  const good = history([['a', 0, 1, put('x'), '1']], 'one')
  const bad = history([['a', 0, 1, get, seen('y', '1')]], 'two')
  expect(problemsIn([...good, ...bad])).toEqual([expect.stringMatching(/^two: /)])
})

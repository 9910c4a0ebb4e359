import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/base/contract/index.ts'
import { deepFreeze, equalJson, meansSame, missingIn, snapshot } from '../../../src/base/values/index.ts'

const symbol = Symbol('extra')
const problemOf = (value: unknown) => {
  const copied = snapshot(value)
  return 'problem' in copied ? copied.problem : undefined
}

describe('what is plain (A10)', () => {
  test.each([
    ['a list with a symbol', Object.assign([1], { [symbol]: 1 }), '$ is a sparse or extended array'],
    ['a list with a named member', Object.assign([1], { named: 1 }), '$ is a sparse or extended array'],
    ['a list with a hole', [1, , 3], '$ is a sparse or extended array'],
    ['a list that holds nothing at a place', [undefined], '$[0] is a undefined'],
    ['a key of half a sign', { '\ud800': 1 }, '$.\ud800 has a key that is not well-formed Unicode'],
    ['a text of half a sign', { a: ['\udc00'] }, '$.a[0] is not well-formed Unicode'],
    ['an object with a symbol', { [symbol]: 1 }, '$ has a symbol key'],
  ])('not %s', (_, value, problem) => {
    const told = problemOf(value)
    // A key is a part of its path only once it is known to be one.
    expect(told === problem || told === problem.replace('.\ud800', '')).toBe(true)
  })

  test('a fault of what holds the value is told as it is', () => {
    const hostile = new Proxy([1], {
      getOwnPropertyDescriptor() {
        throw new RangeError('mine')
      },
    })
    expect(() => snapshot({ a: hostile })).toThrow('mine')
  })

  test('an object without a prototype, and an absent field', () => {
    expect(snapshot(Object.assign(Object.create(null), { a: 1, b: undefined }))).toEqual({ value: { a: 1 } })
  })
})

describe('the same meaning', () => {
  const pairs: readonly (readonly [Json, Json])[] = [
    [1, '1'],
    [1, { a: 1 }],
    [1, {}],
    ['', {}],
    [true, {}],
    ['a', ['a']],
    [null, {}],
    [{}, null],
    [null, 0],
    [[], {}],
    [{}, []],
    [[1], { 0: 1 }],
    [{ 0: 1 }, [1]],
    [{ 0: 1, length: 1 }, [1]],
    [[1], { 0: 1, length: 1 }],
    [[1], [1, 2]],
    [[1, 2], [1]],
    [
      [1, 2],
      [1, 3],
    ],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ],
    [JSON.parse('{"a":null}'), { b: null }],
    [JSON.parse('{"toString":{}}'), JSON.parse('{"other":{}}')],
  ]
  test.each(pairs)('%j is not %j', (left, right) => {
    expect(equalJson(left, right)).toBe(false)
    expect(equalJson(right, left)).toBe(false)
  })

  test.each<readonly [Json]>([[null], [0], [''], [[]], [{}], [[1, [2]]], [{ a: [{ b: null }] }]])(
    '%j is itself',
    (value) => {
      expect(equalJson(value, structuredClone(value))).toBe(true)
    },
  )

  test('of any value: what is not plain means nothing', () => {
    expect(meansSame({ a: 1, b: undefined }, { a: 1 })).toBe(true)
    expect(meansSame({ a: 2 }, { a: 1 })).toBe(false)
    expect(meansSame(new Date(0), {})).toBe(false)
    expect(meansSame(() => 1, {})).toBe(false)
  })
})

describe('what a schema drops', () => {
  test.each<readonly [Json, Json, string | undefined]>([
    [{ a: 1 }, {}, '$.a'],
    [{ a: { b: 1 } }, { a: {} }, '$.a.b'],
    [[1, 2], [1], '$[1]'],
    [{ a: [{ b: 1 }] }, { a: [{}] }, '$.a[0].b'],
    [{ a: 1 }, { a: 2, b: 3 }, undefined],
    [{ a: { b: 1 } }, { a: null }, undefined],
    [{ a: { b: 1 } }, { a: 'b' }, undefined],
    [{ a: null }, { a: { b: 1 } }, undefined],
    ['text', {}, undefined],
    ['text', 'other', undefined],
    [null, {}, undefined],
  ])('%j to %j: %s', (raw, out, path) => {
    expect(missingIn(raw, out)).toBe(path)
  })
})

describe('freezing', () => {
  const nested = (levels: number): object => (levels === 0 ? {} : { in: nested(levels - 1) })

  test('all of a value, and says so', () => {
    const value = { a: [{ b: 1 }], c: null, d: 'text' }
    expect(deepFreeze(value)).toBe(true)
    expect([value, value.a, value.a[0]].every((part) => Object.isFrozen(part))).toBe(true)
    for (const plain of [null, undefined, 7, 'text']) expect(deepFreeze(plain)).toBe(true)
  })

  test('says where it nests too deep', () => {
    expect(deepFreeze(nested(63))).toBe(true)
    expect(deepFreeze(nested(64))).toBe(false)
    const cycle: { self?: object } = {}
    cycle.self = cycle
    expect(deepFreeze(cycle)).toBe(true)
  })
})

test('what a proxy shows at one look and hides at the next is no plain member', () => {
  let looks = 0
  const shy = new Proxy(
    { amount: 1 },
    { getOwnPropertyDescriptor: (...at) => (looks++ === 0 ? Reflect.getOwnPropertyDescriptor(...at) : undefined) },
  )
  expect(snapshot(shy)).toEqual({ problem: '$.amount is a getter' })
})

import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalJson, missingIn, snapshot } from '../../../src/base/values/index.ts'

const problemOf = (value: unknown) => {
  const copied = snapshot(value)
  return 'problem' in copied ? copied.problem : undefined
}

describe('snapshot', () => {
  test('copies any JSON to an equal value that shares nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'))
        const copied = snapshot(JSON.parse(JSON.stringify(value)))
        if ('problem' in copied) throw new Error(copied.problem)
        expect(copied.value).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('freezes all that it gives', () => {
    const copied = snapshot({ list: [{ deep: 1 }] })
    if ('problem' in copied) throw new Error(copied.problem)
    const value = copied.value as { list: { deep: number }[] }
    expect(Object.isFrozen(value) && Object.isFrozen(value.list) && Object.isFrozen(value.list[0])).toBe(true)
  })

  test(verifies('A10', 'refuses a getter without reading it'), () => {
    let reads = 0
    const sly = {
      get quantity() {
        reads++
        return reads === 1 ? 5 : 500
      },
    }
    expect(problemOf(sly)).toBe('$.quantity is a getter')
    expect(problemOf(Object.defineProperty([], 0, { get: () => 1, enumerable: true }))).toBe('$[0] is a getter')
    expect(reads).toBe(0)
  })

  test.each([
    ['a Date', { at: new Date(0) }, '$.at is an instance of a class'],
    ['a class instance', new (class Order {})(), '$ is an instance of a class'],
    ['a Map', new Map(), '$ is an instance of a class'],
    ['an array of another class', class extends Array {}.from([1]), '$ is an instance of a class'],
    ['own __proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), '$.a has a __proto__ key'],
    ['NaN', { n: Number.NaN }, '$.n is not a finite number'],
    ['Infinity', [1, Number.POSITIVE_INFINITY], '$[1] is not a finite number'],
    ['a bigint', { n: 1n }, '$.n is a bigint'],
    ['a function', { f: () => 1 }, '$.f is a function'],
    ['a symbol key', { [Symbol('s')]: 1 }, '$ has a symbol key'],
    ['a sparse array', [1, , 2], '$ is a sparse or extended array'],
    ['a named array property', Object.assign([1], { extra: 1 }), '$ is a sparse or extended array'],
    ['a lone surrogate', { s: '\ud800' }, '$.s is not well-formed Unicode'],
    ['undefined itself', undefined, '$ is a undefined'],
  ])(verifies('A10', 'refuses %s'), (_, value, problem) => {
    expect(problemOf(value)).toBe(problem)
  })

  test(verifies('A10', 'refuses a cycle and depth without exhausting the stack'), () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect(problemOf(cycle)).toMatch(/nested deeper than 64 levels, or a cycle/)
    let deep: unknown = 1
    for (let index = 0; index < 100_000; index++) deep = [deep]
    expect(problemOf(deep)).toMatch(/nested deeper/)
  })

  test('leaves out fields that are undefined, as JSON does', () => {
    expect(snapshot({ a: 1, b: undefined })).toEqual({ value: { a: 1 } })
  })

  test('takes objects without a prototype', () => {
    expect(snapshot(Object.assign(Object.create(null), { a: 1 }))).toEqual({ value: { a: 1 } })
  })
})

describe('equalJson', () => {
  test('key order does not count, everything else does', () => {
    expect(equalJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true)
    expect(equalJson({ a: 1 }, { a: 1, b: null })).toBe(false)
    expect(equalJson([1, 2], [2, 1])).toBe(false)
    expect(equalJson({ 0: 'a' }, ['a'])).toBe(false)
    expect(equalJson({ a: '1' }, { a: 1 })).toBe(false)
    expect(equalJson({}, null)).toBe(false)
    // An inherited property is not the object's own.
    expect(equalJson({ toString: 1 }, { other: 1 })).toBe(false)
  })
})

describe('missingIn', () => {
  test('names the first path that was dropped', () => {
    expect(missingIn({ a: { b: 1, c: 2 } }, { a: { b: 1 } })).toBe('$.a.c')
    expect(missingIn([{ a: 1 }], [{}])).toBe('$[0].a')
    expect(missingIn({ a: 1 }, { a: 1, added: 2 })).toBeUndefined()
  })
})

import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Marked } from '../../../src/base/process/marked.ts'

test('an object that was marked is known, and what is kept for it', () => {
  const [kept, later] = [{}, {}]
  const [object, bare] = [{}, {}]
  Marked.set(object, kept)
  Marked.set(bare, undefined)
  expect([Marked.has(object), Marked.has(bare)]).toEqual([true, true])
  expect(Marked.get(object)).toBe(kept)
  expect(Marked.get(bare)).toBeUndefined()
  Marked.set(object, later)
  expect(Marked.get(object)).toBe(later)
})

test('no copy of it is', () => {
  const object = { name: 'ann' }
  Marked.set(object, {})
  const { proxy } = Proxy.revocable(object, {})
  const copies = [{ ...object }, structuredClone(object), Object.create(object), Object.assign({}, object), proxy]
  expect(copies.map((copy) => [Marked.has(copy), Marked.get(copy)])).toEqual(copies.map(() => [false, undefined]))
})

test('nor is what is no object', () => {
  const others = [undefined, null, 'ann', 1, true, Symbol('ann'), 1n, () => {}]
  expect(others.map((value) => [Marked.has(value), Marked.get(value)])).toEqual(others.map(() => [false, undefined]))
})

test('the mark cannot be seen', () => {
  const object = { name: 'ann' }
  Marked.set(object, { token: 'secret' })
  expect(Reflect.ownKeys(object)).toEqual(['name'])
  expect(JSON.stringify(object)).toBe('{"name":"ann"}')
  expect(inspect(object, { showHidden: true, depth: Number.POSITIVE_INFINITY })).toBe("{ name: 'ann' }")
})

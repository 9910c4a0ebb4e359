import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { copyOf, refuseUnknownKeys } from '../../../src/base/values/index.ts'
import { ConfigurationError } from '../../../src/index.ts'

test.each([null, undefined, 'text', 7, true])('options that are %j are refused by name', (value) => {
  expect(() => refuseUnknownKeys('revoke', value as never, ['issuer'])).toThrow(ConfigurationError)
  expect(() => refuseUnknownKeys('revoke', value as never, ['issuer'])).toThrow(/revoke/)
})

test(verifies('E3', 'an unknown key is refused by its name, beside the known ones'), () => {
  expect(() => refuseUnknownKeys('agent', { nmae: 'x' }, ['name'])).toThrow(/agent\.nmae.*name/)
  expect(() => refuseUnknownKeys('agent', { name: 'x' }, ['name'])).not.toThrow()
})

test('a copy shares no list and no plain object that can be filled in again, also within one that is frozen', () => {
  const rule = Object.freeze({ scopes: Object.freeze(['a']) })
  const key = new Uint8Array(1)
  const decide = () => true
  const given = Object.freeze({ list: ['a'], within: { deep: [{ name: 'ann' }] }, rule, key, decide })
  const copy = copyOf(given)
  given.list.push('b')
  Object.assign(given.within.deep[0] ?? {}, { name: 'bob' })
  expect(copy).toEqual({ list: ['a'], within: { deep: [{ name: 'ann' }] }, rule, key, decide })
  expect(copy.rule).toBe(rule)
  expect(copy.key).toBe(key)
})

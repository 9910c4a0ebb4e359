import { expect, test } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { refuseUnknownKeys, requireText, requireTexts } from '../../../src/base/values/options.ts'

test.each([[undefined], [null], ['text'], [7]])('%o is no object of options (E3)', (value) => {
  expect(() => refuseUnknownKeys('thing', value as never, ['a'])).toThrow('give an object of options')
})

test('an unknown key is named with the known ones', () => {
  expect(() => refuseUnknownKeys('thing', { a: 1, c: 2 }, ['a', 'b'])).toThrow(
    'thing.c: is not an option here; there are a, b',
  )
  expect(() => refuseUnknownKeys('thing', { a: 1 }, ['a', 'b'])).not.toThrow()
})

test.each([[undefined], [null], [7], [''], ['  '], [['text']]])('%o is no text', (value) => {
  expect(() => requireText('thing.name', value)).toThrow(ConfigurationError)
})

test.each([[undefined], ['text'], [[]], [['']], [[7]], [{ length: 1, 0: 'text' }]])(
  '%o is no list of texts',
  (value) => {
    expect(() => requireTexts('thing.names', value)).toThrow(ConfigurationError)
  },
)

test('a list is copied, and stays as it was', () => {
  const given = ['a', 'b']
  const kept = requireTexts('thing.names', given)
  given.push('c')
  expect(kept).toEqual(['a', 'b'])
  expect(Object.isFrozen(kept)).toBe(true)
})

import { expect, test } from 'vitest'
import { BehalfError, TransportError } from '../../../src/base/errors/index.ts'

test.each([[undefined], [null], ['text'], [7], [{}], [new Error('plain')]])('%o is no error of ours (E1)', (value) => {
  expect(BehalfError.isInstance(value)).toBe(false)
})

test('a cause is kept where there is one, and none is made up', () => {
  const cause = new Error('why')
  expect(new TransportError('down', { cause }).cause).toBe(cause)
  expect(Object.hasOwn(new TransportError('down', {}), 'cause')).toBe(false)
  expect(BehalfError.isInstance(new TransportError('down', {}))).toBe(true)
})

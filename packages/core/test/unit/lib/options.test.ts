import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { ConfigurationError } from '../../../src/index.ts'
import { refuseUnknownKeys } from '../../../src/lib/index.ts'

test.each([null, undefined, 'text', 7, true])('options that are %j are refused by name', (value) => {
  expect(() => refuseUnknownKeys('revoke', value as never, ['issuer'])).toThrow(ConfigurationError)
  expect(() => refuseUnknownKeys('revoke', value as never, ['issuer'])).toThrow(/revoke/)
})

test(verifies('E3', 'a key that nobody knows is refused by its name, and those that are known'), () => {
  expect(() => refuseUnknownKeys('agent', { nmae: 'x' }, ['name'])).toThrow(/agent\.nmae.*name/)
  expect(() => refuseUnknownKeys('agent', { name: 'x' }, ['name'])).not.toThrow()
})

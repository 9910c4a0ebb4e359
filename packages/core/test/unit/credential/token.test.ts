import { format, inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { revealToken, Token } from '../../../src/credential/index.ts'

const value = 'eyJ.the-secret-of-ann.sig'
const token = new Token(value)

describe('a token', () => {
  test.each([
    ['JSON.stringify', () => JSON.stringify({ token, list: [token] })],
    ['util.inspect', () => inspect(token, { depth: 9, showHidden: true })],
    ['util.inspect of what holds it', () => inspect({ a: { b: [token] } }, { depth: 9, showHidden: true })],
    ['console formats', () => format('%s %o %O %j', token, token, token, token)],
    ['String', () => String(token)],
    ['a template', () => `${token}`],
    ['concatenation', () => `a ${token as unknown as string}`],
    ['an error message', () => inspect(new Error(`failed for ${token}`))],
    ['an error cause', () => inspect(new Error('failed', { cause: token }))],
    ['structuredClone', () => inspect(structuredClone({ token }), { depth: 9, showHidden: true })],
    ['its keys', () => inspect(Reflect.ownKeys(token).map((key) => Reflect.get(token, key)))],
    ['a spread', () => inspect({ ...token })],
    ['Object.entries', () => inspect(Object.entries(token))],
  ])(verifies('I3', 'is not shown by %s'), (_name, show) => {
    expect(show()).not.toContain('the-secret-of-ann')
  })

  test('becomes text in one place', () => {
    expect(revealToken(token)).toBe(value)
  })

  test('is no primitive that could be one by coercion', () => {
    expect(Number.isNaN(Number(token))).toBe(true)
    expect(String(token)).toBe('[token]')
  })
})

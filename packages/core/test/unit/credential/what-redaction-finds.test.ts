import { describe, expect, test } from 'vitest'
import { createTextRedactor, redactTokens, Token } from '../../../src/credential/index.ts'

const secret = 'eyJhbGciOi.J9.c2ln'
const tokens = [new Token(secret)]
const clean = <Value>(value: Value) => redactTokens(value, tokens)

describe('what redaction looks at (E4)', () => {
  test('a key alone, and objects without a prototype', () => {
    expect(clean({ [`k-${secret}`]: 1 })).toEqual({ 'k-[token]': 1 })
    const bare = Object.assign(Object.create(null), { a: secret })
    expect({ ...clean(bare) }).toEqual({ a: '[token]' })
  })

  test('what is neither text nor container is given back', () => {
    for (const value of [undefined, null, 7, true, 8n]) expect(clean(value)).toBe(value)
    const value = { nothing: undefined, none: null, big: 8n, text: 'plain' }
    expect(clean(value)).toBe(value)
    expect(clean({ ...value, text: secret })).toEqual({ ...value, text: '[token]' })
  })

  test('an empty token is in every text, and is looked for in none', () => {
    expect(redactTokens('plain', [new Token('')])).toBe('plain')
    expect(redactTokens(`x ${secret}`, [new Token(''), ...tokens])).toBe('x [token]')
  })

  test('256 kB, and nothing behind them', () => {
    const long = 'x'.repeat(256 * 1024)
    expect(clean([secret, long, secret])).toEqual(['[token]', long, secret])
    expect(clean({ a: secret, b: long, c: { d: secret } })).toEqual({ a: '[token]', b: long, c: { d: secret } })
  })

  test('in a stream, the longest beginning is held back, whichever token it is of', () => {
    const redactor = createTextRedactor([new Token('abZZ'), new Token('bQ')])
    expect(redactor.push('xab')).toBe('x')
    expect(redactor.push('ZZ') + redactor.end()).toBe('[token]')
  })
})

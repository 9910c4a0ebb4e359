import assert from 'node:assert'
import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTextRedactor, redactTokens, Token } from '../../../src/credential/index.ts'

const secret = 'eyJhbGciOi.J9.c2ln'
const tokens = [new Token(secret), new Token('other-token-value')]

class WithBigInt {
  readonly count = 1n
  readonly token = secret
}
class Node {
  readonly self = this
  readonly list = [this]
  readonly token = secret
}
class WithGetter {
  readonly token = secret
  constructor() {
    Object.defineProperty(this, 'broken', { get: () => assert.fail('no'), enumerable: true })
  }
}

describe('redactTokens', () => {
  test(verifies('E4', 'replaces tokens in texts and keys, wherever they are'), () => {
    const value = {
      a: secret,
      b: [`x ${secret} y ${secret}`, { c: 'other-token-value' }],
      [`k-${secret}`]: 1,
      n: null,
      t: true,
    }
    expect(redactTokens(value, tokens)).toEqual({
      a: '[token]',
      b: ['x [token] y [token]', { c: '[token]' }],
      'k-[token]': 1,
      n: null,
      t: true,
    })
  })

  test('replaces a text alone', () => {
    expect(redactTokens(`Bearer ${secret}`, tokens)).toBe('Bearer [token]')
  })

  test('keeps the order of keys, and a key that is called __proto__', () => {
    const value = JSON.parse(`{"z":1,"__proto__":"${secret}","a":2}`)
    expect(JSON.stringify(redactTokens(value, tokens))).toBe('{"z":1,"__proto__":"[token]","a":2}')
  })

  test('gives the same value back when there is nothing to replace', () => {
    const value = { a: [1, { b: 'text' }] }
    expect(redactTokens(value, tokens)).toBe(value)
    expect(redactTokens(value, [])).toBe(value)
  })

  test('changes nothing in place', () => {
    const value = Object.freeze({ a: Object.freeze([secret]) })
    redactTokens(value, tokens)
    expect(value.a[0]).toBe(secret)
  })

  test('replaces the longer of two tokens where one begins with the other', () => {
    expect(redactTokens('abcdef', [new Token('abc'), new Token('abcdef')])).toBe('[token]')
  })

  test('has no use for an empty token', () => {
    expect(redactTokens('abc', [new Token('')])).toBe('abc')
  })

  test(verifies('E4', 'reaches into one text of 256 kB and more'), () => {
    const long = 'x'.repeat(300_000) + secret
    expect(redactTokens(long, tokens)).toBe(`${'x'.repeat(300_000)}[token]`)
  })

  test('ends on a cycle, and on a value that is a wide tree of itself', () => {
    const cycle: unknown[] = []
    cycle.push(cycle, cycle, cycle)
    expect(redactTokens(cycle, tokens)).toBe(cycle)
  })

  test(verifies('E4', 'leaves class instances as they are, whose JSON holds no token'), () => {
    const circle: { self?: unknown } = new (class {})()
    circle.self = circle
    const hidden = new (class {
      readonly #token = secret
      readonly name = this.#token.length
    })()
    for (const one of [new Date(0), new Map([[secret, secret]]), new TextEncoder().encode(secret), circle, hidden]) {
      expect(redactTokens({ one }, tokens).one).toBe(one)
    }
  })

  test(verifies('E4', 'replaces a class instance by what its JSON shows, where that holds a token'), () => {
    class Own {
      readonly token = secret
      readonly at = new Date(0)
    }
    class Closed {
      readonly #token = secret
      toJSON() {
        return { text: `it is ${this.#token}` }
      }
    }
    const plain = { toJSON: () => [secret] }
    const redacted = redactTokens({ own: new Own(), closed: [new Closed()], plain }, tokens) as unknown
    expect(redacted).toEqual({
      own: { token: '[token]', at: new Date(0) },
      closed: [{ text: 'it is [token]' }],
      plain: ['[token]'],
    })
  })

  test.each<[string, () => unknown, unknown]>([
    ['a list with a toJSON', () => Object.assign([1], { toJSON: () => ({ token: secret }) }), { token: '[token]' }],
    ['a text object', () => new String(secret), '[token]'],
    ['an instance that JSON cannot write', () => new WithBigInt(), { count: 1n, token: '[token]' }],
    [
      'an instance that contains itself',
      () => new Node(),
      { self: '[circular]', list: ['[circular]'], token: '[token]' },
    ],
    ['an instance with a getter that throws', () => new WithGetter(), { broken: undefined, token: '[token]' }],
  ])(verifies('E4', 'replaces a token in %s'), (_, make, clean) => {
    const one = make()
    expect(redactTokens({ one }, tokens)).toEqual({ one: clean })
    expect(redactTokens({ one }, [new Token('absent-token')]).one).toBe(one)
  })

  test('leaves an instance as it is whose toJSON throws, or hides its fields', () => {
    for (const toJSON of [() => null, () => undefined, () => assert.fail('not to be written')]) {
      const one = Object.assign(new (class {})(), { token: secret, toJSON })
      expect(redactTokens({ one }, tokens).one).toBe(one)
    }
  })

  test(verifies('E4', 'reads no more than 256 kB of an instance, also where JSON cannot write it'), () => {
    let reads = 0
    class Item {
      toJSON() {
        return ++reads
      }
    }
    class Page extends WithBigInt {
      readonly items = Array.from({ length: 400_000 }, () => new Item())
    }
    redactTokens([new Page(), new Page()], [new Token('absent-token')])
    expect(reads).toBeGreaterThan(1_000)
    expect(reads).toBeLessThan(256 * 1024)
  })
})

describe('text in pieces', () => {
  const redactPieces = (pieces: readonly string[], secrets: readonly Token[]) => {
    const redactor = createTextRedactor(secrets)
    return pieces.map((piece) => redactor.push(piece)).join('') + redactor.end()
  }

  test(verifies('E4', 'is redacted as the whole would be, wherever it is cut'), () => {
    const alphabet = fc.constantFrom('a', 'b', 'c')
    const text = fc.string({ unit: alphabet, maxLength: 60 })
    fc.assert(
      fc.property(text, fc.array(fc.nat(59), { maxLength: 8 }), (whole, cuts) => {
        const marks = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length]
        const pieces = marks.slice(1).map((mark, index) => whole.slice(marks[index], mark))
        const secrets = [new Token('abca')]
        const out = redactPieces(pieces, secrets)
        expect(out).not.toContain('abca')
        expect(out).toBe(redactTokens(whole, secrets))
      }),
      { numRuns: 2000 },
    )
  })

  test('shows a token in no prefix of what was let go, character by character', () => {
    const redactor = createTextRedactor(tokens)
    let out = ''
    for (const character of `a ${secret} b ${secret.slice(0, -1)}! c`) {
      out += redactor.push(character)
      expect(out).not.toContain(secret)
    }
    expect(out + redactor.end()).toBe(`a [token] b ${secret.slice(0, -1)}! c`)
  })

  test('holds nothing back that cannot begin a token', () => {
    expect(createTextRedactor(tokens).push('all is well')).toBe('all is well')
  })
})

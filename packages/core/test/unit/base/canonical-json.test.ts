import { verifies } from '@behalf/testing/requirements'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/values/index.ts'

describe('canonical JSON', () => {
  verifies(['RFC8785-3.2.3-sorting', 'A1'], 'keys are sorted by UTF-16 code units, at every depth', () => {
    // The example of RFC 8785 §3.2.3.
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7)
    expect([...canonicalJson(value).matchAll(/:"([A-Z][^"]*)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
  })

  verifies('RFC8785-3.2.2-primitives', 'numbers, strings and literals are written as ECMAScript writes them', () => {
    // The example of RFC 8785 §3.2.2.
    const value = {
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\u0027\u0042\u0022\u005c\\\u0022\u002f',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
    expect(canonicalJson(-0)).toBe('0')
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        expect(JSON.parse(canonicalJson(any as never))).toEqual(JSON.parse(JSON.stringify(any)))
      }),
    )
  })

  /** RFC 8785 Appendix B: the bits of a double, and its text. */
  verifies('RFC8785-3.2.2-primitives', 'every number of the table of RFC 8785 has the text that stands there', () => {
    const table = {
      '0000000000000000': '0',
      '8000000000000000': '0',
      '0000000000000001': '5e-324',
      '8000000000000001': '-5e-324',
      '7fefffffffffffff': '1.7976931348623157e+308',
      ffefffffffffffff: '-1.7976931348623157e+308',
      '4340000000000000': '9007199254740992',
      c340000000000000: '-9007199254740992',
      '4430000000000000': '295147905179352830000',
      '44b52d02c7e14af5': '9.999999999999997e+22',
      '44b52d02c7e14af6': '1e+23',
      '44b52d02c7e14af7': '1.0000000000000001e+23',
      '444b1ae4d6e2ef4e': '999999999999999700000',
      '444b1ae4d6e2ef4f': '999999999999999900000',
      '444b1ae4d6e2ef50': '1e+21',
      '3eb0c6f7a0b5ed8c': '9.999999999999997e-7',
      '3eb0c6f7a0b5ed8d': '0.000001',
      '41b3de4355555553': '333333333.3333332',
      '41b3de4355555554': '333333333.33333325',
      '41b3de4355555555': '333333333.3333333',
      '41b3de4355555556': '333333333.3333334',
      '41b3de4355555557': '333333333.33333343',
      becbf647612f3696: '-0.0000033333333333333333',
      '43143ff3c1cb0959': '1424953923781206.2',
    }
    const texts = Object.keys(table).map((bits) => [bits, canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())])
    expect(Object.fromEntries(texts)).toEqual(table)
  })

  verifies(
    'RFC8785-3.2.2-primitives',
    '100,000 random values have the text that the package canonicalize gives',
    () => {
      const unit = fc.constantFrom('grapheme', 'binary' as const)
      const value = unit.chain((stringUnit) => fc.jsonValue({ stringUnit, maxDepth: 4 }))
      fc.assert(
        fc.property(value, (any) => canonicalJson(any as never) === canonicalize(any)),
        { numRuns: 100_000 },
      )
    },
  )

  test.each([
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['an item that is undefined', [undefined]],
    ['NaN', Number.NaN],
    ['an infinite number', { a: [Number.POSITIVE_INFINITY] }],
    ['half a character', { a: '\ud800' }],
    ['half a character in a key', { '\udc00': 1 }],
    ['a function', { a: () => 1 }],
    ['a bigint', { a: 1n }],
    ['a symbol', [Symbol('a')]],
  ])('%s has no text', (_, value) => {
    expect(() => canonicalJson(value as never)).toThrow(TypeError)
  })
})

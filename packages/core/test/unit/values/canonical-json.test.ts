import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
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
})

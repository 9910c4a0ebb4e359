import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayFields, displayText } from '../../../src/base/display/display-text.ts'

/** Isolates written so that they can be read. */
const shown = (value: unknown) =>
  displayText(value).replaceAll(/[\u2066\u2067\u2069]/g, (mark) =>
    mark === '\u2069' ? '}' : mark === '\u2066' ? 'L{' : 'R{',
  )

describe('displayText shows characters that are not seen by their code', () => {
  test.each([
    ['a direction override', 'Buy\u202E 05', 'Buy[U+202E] 05'],
    ['an isolate', '\u2066x\u2069', '[U+2066]x[U+2069]'],
    ['a zero-width space', 'x\u200By', 'x[U+200B]y'],
    ['NUL, tab and escape', 'a\0b\tc\u001B', 'a[U+0000]b[U+0009]c[U+001B]'],
    ['a braille blank', '\u2800', '[U+2800]'],
    ['a place for an object', '\uFFFC', '[U+FFFC]'],
    ['a note without a head', '\u{1D159}', '[U+1D159]'],
    ['a Hangul filler', 'a\u3164b', 'a[U+3164]b'],
    ['a tag that spells a hidden text', 'x\u{E0041}\u{E0042}', 'x[U+E0041][U+E0042]'],
    ['a variation selector on a letter', 'a\uFE0F1\uFE0F', 'a[U+FE0F]1[U+FE0F]'],
    ['a private and an unassigned character', '\uE000\u0378', '[U+E000][U+0378]'],
    ['a lone surrogate', 'x\uD800', 'x[U+D800]'],
    ['1,900 spaces', `Pay 5${' '.repeat(1_900)}0`, 'Pay 5[U+0020 ×1900]0'],
    ['spaces of several kinds in a row', 'a \u00A0 b', 'a[U+0020][U+00A0][U+0020]b'],
    ['spaces before and after', ' AAPL ', '[U+0020]AAPL[U+0020]'],
    ['a mark that crosses a digit out', '5\u03380', '5[U+0338]0'],
    ['a mark that encloses', '5\u20E0', '5[U+20E0]'],
    ['marks in a heap', `e${'\u0316'.repeat(40)}`, `e${'\u0316'.repeat(5)}[U+0316 ×35]`],
    ['a mark on nothing', '\u0301x', '[U+0301]x'],
    ['joiners between letters that do not join', 'pay\u200Dpal\u200C', 'pay[U+200D]pal[U+200C]'],
  ])('%s', (_, text, expected) => expect(shown(text)).toBe(expected))

  test('two joiners in a row, where one would be needed', () => {
    expect(displayText('می\u200C\u200Cخواهم')).toContain('[U+200C ×2]')
  })

  test.each(['\n', '\r\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029'])('the line break %j as ⏎', (line) => {
    expect(displayText(`Buy 5${line}Approved by Bob`)).toBe('Buy 5⏎Approved by Bob')
  })

  test('a text that only looks like such a code is told from one', () => {
    expect(displayText('[U+202E]')).toBe('[U+005B]U+202E]')
    expect(displayText('⏎')).toBe('[U+23CE]')
  })
})

describe('displayText leaves what people write', () => {
  test.each([
    'Buy 50 shares of AAPL at $230.10 (limit), good till 5 p.m.',
    'Überweise 1.000,50 € an Jürgen',
    'Acheter 5\u202F000 actions',
    '買う：５０株、葛\u{E0100}城',
    'नमस्ते, क्षत्रिय',
    'ส่งเงินให้แม่',
    '한국어로 쓰기',
    'Việt Nam, ệ',
    '❤️ 👩‍👩‍👧 1️⃣ 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} 👍🏽 ©️ ⚠︎ 🇮🇱',
    'ক্\u200Dষ, ශ්\u200Dරී',
    '[1] and [U]',
  ])('%s', (text) => expect(displayText(text)).toBe(text.normalize('NFC')))

  test('a Persian word keeps its joiner, within an isolate', () => {
    expect(shown('می\u200Cخواهم')).toBe('R{می\u200Cخواهم}')
  })

  test('normalised to NFC', () => expect(displayText('Cafe\u0301')).toBe('Caf\u00E9'))
})

describe('displayText isolates directions', () => {
  test.each([
    ['a lone letter in an amount', 'Pay 1א000 EUR', 'L{Pay 1R{א}000 EUR}'],
    ['two names beside each other', 'Pay דוד, משה 50', 'L{Pay R{דוד}, R{משה} 50}'],
    ['a phrase of several words', 'Pay בית ספר now', 'L{Pay R{בית ספר} now}'],
    ['Arabic numbers', 'Pay ٥ to ٦', 'L{Pay R{٥} to R{٦}}'],
    ['a number in a Hebrew sentence', 'שלם 50 דולר', 'R{שלם L{50} דולר}'],
    ['a negative number in a Hebrew sentence', 'יתרה -50 דולר', 'R{יתרה L{-50} דולר}'],
    ['a Latin name in a Hebrew sentence', 'קנה 5 AAPL Inc עכשיו', 'R{קנה L{5 AAPL Inc} עכשיו}'],
    ['digits with a letter among them', '1א000', 'L{1R{א}000}'],
    ['a number of several groups', 'א 5 000', 'R{א L{5 000}}'],
    ['one language alone', 'שלום', 'R{שלום}'],
  ])('%s', (_, text, expected) => expect(shown(text)).toBe(expected))
})

describe('displayText shows values exactly', () => {
  test.each([
    [0.0004, '0.0004'],
    [1e-7, '0.0000001'],
    [-1.5e-9, '-0.0000000015'],
    [5e-324, `0.${'0'.repeat(323)}5`],
    [1e21, '1000000000000000000000'],
    [-1.25e22, '-12500000000000000000000'],
    [-0, '0'],
    [1_000_000, '1000000'],
    [0.1 + 0.2, '0.30000000000000004'],
    [true, 'true'],
    [null, 'null'],
    [['a\n', 1e-7], '["a\\n",0.0000001]'],
    [{ 'to\u202E': { amount: 1e21 } }, '{"to[U+202E]":{"amount":1000000000000000000000}}'],
  ])('%j', (value, expected) => expect(displayText(value)).toBe(expected))

  test('a bigint in full', () => expect(displayText(12n ** 20n)).toBe('3833759992447475122176'))

  test('a value that holds itself ends', () => {
    const value: unknown[] = []
    value.push(value)
    expect(displayText(value)).toContain('nested deeper than 64 levels')
  })

  test(verifies('A8', 'every finite number is read back as it was'), () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(displayText(value)).toMatch(/^-?\d+(\.\d+)?$/)
        expect(Number(displayText(value))).toBe(value === 0 ? 0 : value)
      }),
    )
  })

  test('of details each field, with its type', () => {
    expect(displayFields({ type: 'order', 'quan\u200Btity': 0.0004, symbol: 'A\nB' })).toEqual([
      { name: 'type', value: 'order' },
      { name: 'quan[U+200B]tity', value: '0.0004' },
      { name: 'symbol', value: 'A⏎B' },
    ])
  })
})

describe('whatever the text', () => {
  const odd = fc.constantFrom(
    ...['\u202E', '\u2067', '\u2069', '\u200B', '\u200D', '\u200C', '\0', '\n', '\u2028', '\u2800', '\u20E0', '\u0338'],
    ...[
      '\uFE0F',
      '\u{E0041}',
      '\uD800',
      ' ',
      '\u00A0',
      'א',
      'ع',
      '٥',
      '5',
      'a',
      '[U+',
      '⏎',
      '\u0301',
      '❤',
      '👩',
      'क',
      '्',
    ],
  )
  const text = fc.array(fc.oneof(odd, fc.string({ unit: 'binary' })), { maxLength: 12 }).map((parts) => parts.join(''))

  test(
    verifies(
      'A8',
      'one line comes of it, whose only invisible characters are isolates in pairs, joiners, and selectors of emoji',
    ),
    () => {
      fc.assert(
        fc.property(text, (raw) => {
          const out = displayText(raw)
          expect(
            out.replaceAll(
              /\u2066|\u2067|\u2069|\u200C|\u200D|\uFE0E|\uFE0F|(?<=\p{Unified_Ideograph})[\u{E0100}-\u{E01EF}]/gu,
              '',
            ),
          ).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u2800\p{Me}]/u)
          expect(out.match(/[\u2066\u2067]/g)?.length).toBe(out.match(/\u2069/g)?.length)
        }),
        { numRuns: 2_000 },
      )
    },
  )

  test(
    verifies('A8', 'two texts that differ in NFC by more than the kind of a line break are shown differently'),
    () => {
      const alike = (raw: string) => raw.normalize('NFC').replaceAll(/\r\n|[\v\f\r\x85\u2028\u2029]/g, '\n')
      fc.assert(
        fc.property(text, text, (one, other) => {
          fc.pre(alike(one) !== alike(other))
          expect(displayText(one)).not.toBe(displayText(other))
        }),
        { numRuns: 2_000 },
      )
    },
  )

  test('a million characters take a bounded time', () => {
    for (const piece of ['א5 ', 'a  ', '\u0301', '- א', '\u200D', '漢字', 'x\n']) {
      const began = performance.now()
      displayText(piece.repeat(100_000))
      expect(performance.now() - began, JSON.stringify(piece)).toBeLessThan(10_000)
    }
  })
})

import { expect, test } from 'vitest'
import { Checks, countLeaks } from '../src/check.ts'
import { Printer, wantsColour } from '../src/print.ts'

test('a mismatch is kept and told; an equal value is not', () => {
  const told: unknown[] = []
  const checks = new Checks((_what, mismatch) => told.push(mismatch))
  checks.equal('same', { a: [1] }, { a: [1] })
  checks.equal('other', 1, '1')
  checks.brokeOff('part', new RangeError('gone'))
  expect(checks.count).toBe(3)
  expect(checks.mismatches.map(({ what }) => what)).toEqual(['other', 'part runs to its end'])
  expect(told).toEqual([undefined, ...checks.mismatches])
})

test('a shown secret is counted, and so is an unknown JWT', () => {
  expect(countLeaks('nothing here', ['secret-1'])).toBe(0)
  expect(countLeaks('a secret-1 and more', ['secret-1', 'secret-2'])).toBe(1)
  expect(countLeaks('token eyJhbGciOiJub25lIn0.e30.', [])).toBe(1)
})

test('the printer remembers all it wrote, in colour or not', () => {
  const plain = new Printer(() => {}, false)
  plain.field('label', 'text', 'red')
  expect(plain.written).toBe('  label     text\n')
  const coloured = new Printer(() => {}, true)
  coloured.field('label', 'text', 'red')
  expect(coloured.written).toContain('\u001B[31mtext\u001B[0m')
})

test.each([
  [true, undefined, true],
  [true, '', true],
  [true, '1', false],
  [false, undefined, false],
])('colour on a terminal (%s) with NO_COLOR %j: %s', (isTerminal, noColor, wanted) => {
  expect(wantsColour(isTerminal, noColor)).toBe(wanted)
})

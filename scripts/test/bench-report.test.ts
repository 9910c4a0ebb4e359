import { expect, test } from 'vitest'
import type { Figure } from '../bench/figures.ts'
import { reportOf } from '../bench/report.ts'

const figure = (over: Partial<Figure>): Figure => ({
  name: 'a call',
  peerName: 'bare',
  run: 2.5,
  peer: 0.5,
  ratio: 5,
  over: 2,
  overSpread: [1.9, 2.2],
  ...over,
})

test('the report has every figure beside its peer, and says which bar was missed', () => {
  const page = reportOf(
    [
      {
        title: 'guard',
        figures: [figure({ bar: '3.00 µs', within: true }), figure({ name: 'b | c', bar: '1.00 µs', within: false })],
        notes: ['b: why it stays'],
      },
    ],
    { machine: 'a machine', node: 'Node v24', load: [0.1, 1] },
  )
  expect(page).toContain('| a call | 2.50 µs | bare: 500 ns | 5.00 | 2.00 µs (1.90 µs to 2.20 µs) | 3.00 µs: kept |')
  expect(page).toContain(
    '| b \\| c | 2.50 µs | bare: 500 ns | 5.00 | 2.00 µs (1.90 µs to 2.20 µs) | 1.00 µs: **missed** |',
  )
  expect(page).toContain('- b: why it stays')
  expect(page).toContain('Node v24, a machine; load 0.1 before, 1.0 after')
})

import { expect, test } from 'vitest'
import { compareBudgets } from '../gates/check-budgets.ts'

const told = { lines: { unit: 'lines', target: 100, today: 120 } }

test('a budget is kept up to its value of today, and the target stands beside it', () => {
  expect(compareBudgets(told, { lines: 120 })).toEqual({ ok: true, output: '', note: 'lines 120 of 120 (target 100)' })
  expect(compareBudgets(told, { lines: 121 }).output).toMatch(/^lines: 121 lines, and 120 are the most \(target 100\)/)
})

test('what has no budget, what nothing measures and a value below its target fail', () => {
  expect(compareBudgets(told, { lines: 1, files: 2 }).output).toBe('budgets.json has no "files"')
  expect(compareBudgets(told, {}).output).toBe('nothing measures "lines"')
  const below = { lines: { unit: 'lines', target: 100, today: 90 } }
  expect(compareBudgets(below, { lines: 80 }).output).toContain('below the target')
})

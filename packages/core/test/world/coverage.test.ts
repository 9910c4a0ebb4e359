import { expect, test } from 'vitest'
import { coverageOf } from './coverage.ts'
import { makers } from './draw-commands.ts'

test('each command that no sequence came to is named', () => {
  for (const command of Object.keys(makers)) {
    const others = Object.keys(makers).filter((name) => name !== command)
    const { report, missing } = coverageOf(new Map(others.map((name) => [`command: ${name}`, 1])))
    expect(report).toContain(`commands: ${others.length} of ${others.length + 1}; never: command: ${command}\n`)
    expect(missing).toBeGreaterThan(0)
  }
})

import { describe, expect, test, vi } from 'vitest'
import { checkFileLength } from '../gates/check-file-length.ts'
import type { Gate } from '../gates/gate.ts'
import { runGates } from '../gates/run-gates.ts'
import { folderWith } from './fixture.ts'

const pass: Gate = { name: 'one', run: () => ({ ok: true, output: '', note: '3 files' }) }
const fail: Gate = { name: 'two', run: () => ({ ok: false, output: 'this is\nwrong' }) }

async function report(...gates: Gate[]) {
  const lines: string[] = []
  const count = await runGates(gates, (line) => lines.push(line.replaceAll(/\d+\.\d s/g, '0 s')))
  return { count, lines }
}

describe('runGates', () => {
  test('prints a line for each, and what is wrong with one that fails', async () => {
    expect(await report(pass, fail)).toEqual({
      count: { passed: 1, failed: 1 },
      lines: ['ok one (0 s): 3 files', 'FAILED two (0 s)\n    this is\n    wrong'],
    })
  })

  test('takes a gate that throws for a failed one, and goes on', async () => {
    const throwing: Gate = {
      name: 'zero',
      run: () => {
        throw new Error('no such tool')
      },
    }
    const { count, lines } = await report(throwing, pass)
    expect(count).toEqual({ passed: 1, failed: 1 })
    expect(lines[0]).toContain('no such tool')
  })

  test('fails a gate whose ground is missing, without running it', async () => {
    const run = vi.fn(pass.run)
    expect((await report(fail, { name: 'three', needs: ['two'], run })).count).toEqual({ passed: 0, failed: 2 })
    expect(run).not.toHaveBeenCalled()
  })
})

test('a file of 301 lines is too long, one of 300 is not', () => {
  const lines = (count: number) => 'const a = 1\n'.repeat(count)
  const base = folderWith({ 'packages/x/src/long.ts': lines(301), 'packages/x/src/fine.ts': lines(300) })
  expect(checkFileLength(base).output).toBe(
    'packages/x/src/long.ts: 301 lines, and 300 are the most. Split it by what it does.',
  )
})

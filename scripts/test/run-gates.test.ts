import { describe, expect, test, vi } from 'vitest'
import type { Gate } from '../gates/gate.ts'
import { runGates } from '../gates/run-gates.ts'

const pass: Gate = { name: 'one', run: () => ({ ok: true, output: '', note: '3 files' }) }
const fail: Gate = { name: 'two', run: () => ({ ok: false, output: 'this is\nwrong' }) }

async function report(...gates: Gate[]) {
  const lines: string[] = []
  const print = (line: string) => lines.push(line.replaceAll(/\d+\.\d s/g, '0 s'))
  const { parts, ...count } = await runGates(gates, { print, mustRun: false })
  return { count, lines, parts: parts.map(({ name }) => name) }
}

describe('runGates', () => {
  test('prints a line for each, and what is wrong with one that fails', async () => {
    expect(await report(pass, fail)).toEqual({
      count: { passed: 1, failed: 1, skipped: 0 },
      parts: ['one', 'two'],
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
    expect(count).toEqual({ passed: 1, failed: 1, skipped: 0 })
    expect(lines[0]).toContain('no such tool')
  })

  test('fails a gate whose ground is missing, without running it', async () => {
    const run = vi.fn(pass.run)
    expect((await report(fail, { name: 'three', needs: ['two'], run })).count).toEqual({
      passed: 0,
      failed: 2,
      skipped: 0,
    })
    expect(run).not.toHaveBeenCalled()
  })

  test('counts a gate that cannot run as skipped, and in CI as failed', async () => {
    const gate: Gate = { name: 'live', run: () => ({ ok: true, output: '', notRun: 'there is no Go' }) }
    expect(await report(gate)).toMatchObject({
      count: { passed: 0, failed: 0, skipped: 1 },
      lines: ['skipped live (0 s): not run: there is no Go'],
    })
    expect(await runGates([gate], { print: () => {}, mustRun: true })).toMatchObject({ failed: 1, skipped: 0 })
  })

  test('runs two side by side, says what is running, and keeps apart what runs alone', async () => {
    const open: string[] = []
    const seen: string[] = []
    const ends = new Map<string, () => void>()
    const gate = (name: string, more: Partial<Gate> = {}): Gate => ({
      name,
      ...more,
      run: async () => {
        open.push(name)
        seen.push([...open].sort().join('+'))
        await new Promise<void>((resolve) => ends.set(name, resolve))
        open.splice(open.indexOf(name), 1)
        return { ok: true, output: '' }
      },
    })
    const gates = [gate('a'), gate('b'), gate('c', { needs: ['a'] }), gate('browser', { alone: true })]
    const lines: string[] = []
    const ended = runGates(gates, { print: (line) => lines.push(line), atOnce: 2, progressMs: 5 })
    for (const name of ['b', 'a', 'c', 'browser']) {
      await vi.waitFor(() => expect(ends.has(name)).toBe(true))
      if (name === 'b') await vi.waitFor(() => expect(lines.some((line) => /^… a \(\d+ s\), b/.test(line))).toBe(true))
      ends.get(name)?.()
    }
    await ended
    expect(seen).toEqual(['a', 'a+b', 'c', 'browser'])
  })

  test('ends where gates need each other', async () => {
    const circle = [
      { ...pass, name: 'a', needs: ['b'] },
      { ...pass, name: 'b', needs: ['a'] },
    ]
    await expect(runGates(circle, { print: () => {} })).rejects.toThrow('need each other: a, b')
  })
})

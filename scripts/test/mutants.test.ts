import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { installMutants, readNewNotes, writeNote } from '../mutate/awake.ts'
import { checkGuards } from '../mutate/check-guards.ts'
import { instrument } from '../mutate/instrument.ts'
import type { Guard } from '../mutate/mutant.ts'

const guard = (rest: Partial<Guard> = {}): Guard => ({ holds: ['I1'], file: 'room/file.ts', ...rest })
const keysOf = (source: string, rest?: Partial<Guard>) =>
  instrument(source, guard(rest), 1).mutants.map(({ key }) => key)

/** Runs the function `f` of a source with one of its mutants awake, and tells which mutants could have shown. */
function outcome(
  source: string,
  args: readonly unknown[],
  { key, ...rest }: { readonly key?: string } & Partial<Guard> = {},
) {
  const { code, mutants } = instrument(source, guard(rest), 1)
  const awake = installMutants(mutants.find((mutant) => mutant.key === key)?.id ?? 0)
  const run = runInNewContext(`${stripTypeScriptTypes(code)}; f`, { __mutants: awake }) as (
    ...args: unknown[]
  ) => unknown
  const value = run(...args)
  return { value, shown: mutants.filter(({ id }) => awake.reached.has(id)).map((mutant) => mutant.key) }
}

describe('a guard', () => {
  const source = 'function f(x: number) {\n  if (x < 0) return "refused"\n  return "ran"\n}'

  test('is taken out, and that shows only where it refuses', () => {
    const key = 'f: guard removed: x < 0'
    expect(outcome(source, [-1]).value).toBe('refused')
    expect(outcome(source, [-1], { key }).value).toBe('ran')
    expect(outcome(source, [-1]).shown).toContain(key)
    expect(outcome(source, [1]).shown).not.toContain(key)
  })

  test('loses each clause in turn', () => {
    const both = 'const f = (a: boolean, b: boolean) => a && b'
    const [left, right] = ['a', 'b'].map((clause) => `f: clause removed: ${clause}`)
    expect(outcome(both, [false, true], { key: left ?? '' }).value).toBe(true)
    expect(outcome(both, [true, false], { key: right ?? '' }).value).toBe(true)
    expect(outcome(both, [true, false]).shown).toEqual([right])
    expect(outcome(both, [true, true]).shown).toEqual([])
    const value = 'const f = (a: object, b: object) => a && b'
    expect(outcome(value, [{ a: 1 }, { b: 1 }]).shown).toContain(right)
    expect(outcome(value, [{ a: 1 }, { b: 1 }], { key: right ?? '' }).value).toEqual({ a: 1 })
  })

  test('loses what comes after it, a call that it makes, and its strictness', () => {
    expect(keysOf('function f() { return first() ?? second() }')).toEqual(['f: what follows ?? removed: second()'])
    expect(
      outcome('function f(x: unknown[]) { x.push(1); return x.length }', [[]], { key: 'f: call removed: x.push(1)' })
        .value,
    ).toBe(0)
    expect(
      outcome('const f = (x: number) => { const y = x < 1; return y }', [1], { key: 'f: <= instead: x < 1' }).value,
    ).toBe(true)
    expect(keysOf('const f = (xs: string[]) => xs.filter(Boolean).some(Boolean)')).toContain(
      'f: unfiltered: xs.filter(Boolean)',
    )
  })

  test('whose parts matter loses each of them', () => {
    const key = 'const f = (a: string, b: string) => ["v1", { a, b }]'
    expect(keysOf(key)).toEqual([])
    expect(outcome(key, ['A', 'B'], { parts: true, key: 'f: left out: b' }).value).toEqual(['v1', { a: 'A' }])
    expect(keysOf(key, { parts: true })).toHaveLength(4)
  })

  test('may be named exactly', () => {
    const exact = [{ from: '"shown"', to: 'x' }]
    expect(outcome('const f = (x: string) => "shown"', ['secret'], { exact, key: 'f: x instead: "shown"' }).value).toBe(
      'secret',
    )
  })

  test('is told by its name, and one that is gone is told too', () => {
    const two = 'class A {\n  #b(x: number) { if (x) return 1; return 2 }\n}\nfunction c(x: number) { return x === 1 }'
    expect(keysOf(two, { within: ['A.#b'] })).toEqual(['A.#b: guard removed: x'])
    expect(instrument(two, guard({ within: ['A.#b', 'gone'] }), 1).unknown).toEqual(['gone'])
  })

  test('that stands twice has two keys', () => {
    expect(keysOf('function f(x: number) { if (x) return 1; if (x) return 2; return 3 }')).toEqual([
      'f: guard removed: x',
      'f: guard removed: x (2)',
    ])
  })
})

test('each invariant of docs/invariants.md has a guard that is there, and each explanation its mutant', () => {
  expect(checkGuards()).toEqual([])
})

test('a note that is still being written is left for later', () => {
  const log = join(mkdtempSync(join(tmpdir(), 'behalf-notes-')), 'notes')
  const note = { type: 'file ended', file: 'é.test.ts' } as const
  writeFileSync(log, '')
  writeNote(log, note)
  const line = `${JSON.stringify(note)}\n`
  appendFileSync(log, line.slice(0, 9))
  const { notes, to } = readNewNotes(log, 0)
  expect(notes).toEqual([note])
  appendFileSync(log, line.slice(9))
  expect(readNewNotes(log, to).notes).toEqual([note])
})

import { expect, test } from 'vitest'
import { compareReports } from '../gates/check-surface.ts'
import { folderWith } from './fixture.ts'

test('what is shown and what is told are the same', async () => {
  const base = folderWith({ 'core.api.md': 'export function a(): void;\n' })
  expect(await compareReports(new Map([['core.api.md', 'export function a(): void;\n']]), base)).toMatchObject({
    ok: true,
    note: '1 entry points',
  })
})

test('each difference is shown, and so is an entry point that is new or gone', async () => {
  const base = folderWith({ 'core.api.md': 'export function a(): void;\n', 'gone.api.md': '' })
  const { ok, output } = await compareReports(
    new Map([
      ['core.api.md', 'export function a(b: string): void;\n'],
      ['new.api.md', ''],
    ]),
    base,
  )
  expect(ok).toBe(false)
  expect(output).toContain('-export function a(): void;\n+export function a(b: string): void;')
  expect(output).toContain('new.api.md is missing')
  expect(output).toContain('gone.api.md tells of an entry point that is not there')
  expect(output).toContain('node scripts/surface.ts')
})

test('names an exported name and a member without a docstring, and the report that shows it', async () => {
  const bare =
    '// @public (undocumented)\nexport interface Bare {\n    // (undocumented)\n    readonly id: string;\n}\n'
  const told =
    '// @public\nexport interface Told {\n    readonly id: string;\n    // (undocumented)\n    close(): void;\n}\n'
  const report = `${bare}\n${told}`
  const { ok, output } = await compareReports(new Map([['mcp.api.md', report]]), folderWith({ 'mcp.api.md': report }))
  expect(ok).toBe(false)
  expect(output.split('\n')).toEqual([
    'mcp.api.md shows a name without a docstring, write one: export interface Bare {',
    'mcp.api.md shows a name without a docstring, write one: export interface Bare { readonly id: string;',
    'mcp.api.md shows a name without a docstring, write one: export interface Told { close(): void;',
  ])
})

test('asks for no docstring of a constant whose value says all', async () => {
  const report = '// @public\nexport class Gone {\n    // (undocumented)\n    readonly code = "ERR_GONE";\n}\n'
  const { ok } = await compareReports(new Map([['core.api.md', report]]), folderWith({ 'core.api.md': report }))
  expect(ok).toBe(true)
})

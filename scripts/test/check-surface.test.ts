import { expect, test } from 'vitest'
import { compareReports } from '../gates/check-surface.ts'
import { folderWith } from './fixture.ts'

test('what is shown and what is told are the same', async () => {
  const base = folderWith({ 'core.api.md': 'export function a(): void;\n' })
  expect(await compareReports(new Map([['core.api.md', 'export function a(): void;\n']]), base)).toMatchObject({
    ok: true,
    note: '1 doors',
  })
})

test('each difference is shown, and so is a door that is new or gone', async () => {
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
  expect(output).toContain('gone.api.md tells of a door that is not there')
  expect(output).toContain('node scripts/surface.ts')
})

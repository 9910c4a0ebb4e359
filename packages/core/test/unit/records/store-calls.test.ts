import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'behalf-store-calls-'))
for (const file of ['biome.json', 'store-calls.grit']) copyFileSync(join(root, file), join(copy, file))
afterAll(() => rmSync(copy, { recursive: true }))

/** What the linter says of a call in a file of core. */
function linted(call: string, file: string): string {
  const path = join(copy, 'packages/core/src', file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `export const work = async (store, opened, map) => ${call}\n`)
  const biome = join(root, 'node_modules/.bin/biome')
  const { stdout, stderr } = spawnSync(biome, ['lint', '--vcs-enabled=false', path], { cwd: copy, encoding: 'utf8' })
  expect(stdout + stderr).toContain('Checked 1 file')
  return stdout + stderr
}

const refusal = 'nothing else writes to a store (decision 0017)'

test.each([
  `store.put('a', value, { ifVersion: null })`,
  `opened.store.delete('a')`,
  `this.#store.list('index', { limit: 1 })`,
  `store.claimDue('queue', { limit: 1, leaseSeconds: 1 })`,
])('the linter refuses %s outside of the record store', (call) => {
  expect(linted(call, 'guard/steps/some-step.ts')).toContain(refusal)
})

test.each([
  [`store.put('a', value, { ifVersion: null })`, 'records/collection.ts'],
  [`store.get('a')`, 'guard/steps/some-step.ts'],
  [`map.delete('a')`, 'guard/steps/some-step.ts'],
])('it takes %s in %s', (call, file) => {
  expect(linted(call, file)).not.toContain(refusal)
})

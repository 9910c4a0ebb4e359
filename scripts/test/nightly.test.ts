import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../gates/repository.ts'

const { jobs } = parse(readFileSync(join(root, '.github', 'workflows', 'nightly.yml'), 'utf8'))

test('the nightly run takes out each mend of which a known break is kept', () => {
  const kept = readdirSync(join(root, 'packages', 'core', 'test', 'world', 'known-breaks'))
  const taken: readonly string[] = jobs['known-breaks'].strategy.matrix.break
  expect(taken.map((name) => `${name}.patch`).sort()).toEqual(kept.sort())
})

test('the nightly run mutates each share of the rooms', () => {
  const parts: readonly string[] = jobs.mutation.strategy.matrix.part
  expect(parts).toEqual(parts.map((_, index) => `${index + 1}/${parts.length}`))
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../gates/repository.ts'
import { explanations } from './explained.ts'
import { guards } from './guards.ts'
import { instrumentAll } from './instrument-all.ts'

/** What does not fit any more between the invariants, their guards and what is explained. */
export function checkGuards(): string[] {
  const { mutants, missing } = instrumentAll(guards)
  const problems = missing.map((what) => `scripts/mutate/guards.ts: ${what}`)
  const ids = [...readFileSync(join(root, 'docs', 'invariants.md'), 'utf8').matchAll(/^### ([A-Z]\d+) /gm)].map(
    ([, id]) => id ?? '',
  )
  if (ids.length === 0) problems.push('docs/invariants.md names no invariant')
  const held = new Set(guards.flatMap(({ holds }) => holds))
  for (const id of ids) if (!held.has(id)) problems.push(`scripts/mutate/guards.ts names no guard of ${id}`)
  for (const id of held) if (!ids.includes(id)) problems.push(`docs/invariants.md tells of no ${id}`)
  const keys = new Set(mutants.map(({ file, key }) => `${file} ${key}`))
  for (const { file, keys: told } of explanations) {
    for (const key of told) {
      if (!keys.has(`${file} ${key}`))
        problems.push(`scripts/mutate/explained.ts: ${file} has no mutant ${JSON.stringify(key)}`)
    }
  }
  return problems
}

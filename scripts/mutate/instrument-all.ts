import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../gates/repository.ts'
import { instrument } from './instrument.ts'
import type { Guard, Mutant } from './mutant.ts'

/** Every guard with its mutants in it, by the path of its file. The numbers are the same for the same source. */
export function instrumentAll(guards: readonly Guard[]): {
  readonly code: ReadonlyMap<string, string>
  readonly mutants: readonly Mutant[]
  /** Guards that are not there any more. */
  readonly missing: readonly string[]
} {
  const code = new Map<string, string>()
  const mutants: Mutant[] = []
  const missing: string[] = []
  for (const guard of guards) {
    const path = join(root, 'packages', 'core', 'src', guard.file)
    const made = instrument(readFileSync(path, 'utf8'), guard, mutants.length + 1)
    code.set(path, made.code)
    mutants.push(...made.mutants)
    missing.push(...made.unknown.map((name) => `${guard.file} has no ${name}`))
    if (made.mutants.length === 0) missing.push(`${guard.file}: nothing in it can be mutated`)
  }
  return { code, mutants, missing }
}

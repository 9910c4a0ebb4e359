import { checkGuards } from '../mutate/check-guards.ts'
import { guards } from '../mutate/guards.ts'
import { instrumentAll } from '../mutate/instrument-all.ts'
import { runPlan } from '../mutate/run-plan.ts'
import { sample } from '../mutate/sample.ts'
import { type Verdict, verdict } from './gate.ts'

/**
 * Every invariant has guards that are there, every explanation its mutant; and of each invariant one guard is taken
 * out, which the test named beside it has to notice. All of them are taken out by `npm run mutate`, nightly.
 */
export async function checkMutants(): Promise<Verdict> {
  const problems = checkGuards()
  const { mutants } = instrumentAll(guards)
  const ids = new Map(mutants.map(({ id, file, key }) => [`${file} ${key}`, id]))
  const chosen = sample.map((one) => ({ ...one, id: ids.get(`${one.file} ${one.key}`) ?? 0 }))
  for (const { file, key, id } of chosen) {
    if (id === 0) problems.push(`scripts/mutate/sample.ts: ${file} has no mutant ${JSON.stringify(key)}`)
  }
  const taken = new Set(sample.map(({ holds }) => holds))
  for (const id of new Set(guards.flatMap(({ holds }) => holds))) {
    if (!taken.has(id)) problems.push(`scripts/mutate/sample.ts takes out no guard of ${id}`)
  }
  if (problems.length > 0) return verdict(problems)

  const notes = await runPlan({
    testFiles: [...new Set(chosen.map(({ test }) => test))],
    budget: Object.fromEntries(chosen.map(({ id }) => [id, Number.MAX_SAFE_INTEGER])),
    always: 0,
  })
  const killed = new Set(notes.flatMap((note) => (note.type === 'killed' ? note.id : [])))
  for (const { holds, file, key, test, id } of chosen) {
    if (!killed.has(id)) problems.push(`${holds}: packages/core/${test} does not notice in ${file}: ${key}`)
  }
  return verdict(problems, `${chosen.length} of ${mutants.length} mutants, one for each invariant`)
}

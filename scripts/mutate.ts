import { parseArgs } from 'node:util'
import { checkGuards } from './mutate/check-guards.ts'
import { explanations } from './mutate/explained.ts'
import { guards } from './mutate/guards.ts'
import { type Fate, hunt } from './mutate/hunt.ts'
import { instrumentAll } from './mutate/instrument-all.ts'
import { KeptKills } from './mutate/kept-kills.ts'

// `npm run mutate` takes each guard of core out, clause by clause, and looks whether a test notices;
// `npm run mutate -- guard/check` only those in files whose path holds this. Hours on a small machine: nightly.
// A run that was stopped goes on where it was; `--anew` begins again. `--in unit/ciba` asks only the tests whose path holds
// this: while tests are written, some minutes instead of many, and what survives may still be known to others.
// `--part 2/4` takes the second of four shares, for machines that work side by side.
const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    anew: { type: 'boolean', default: false },
    in: { type: 'string', default: '' },
    part: { type: 'string', default: '1/1' },
  },
})
const began = performance.now()

const problems = checkGuards()
for (const problem of problems) console.log(`FAILED ${problem}`)

const { mutants } = instrumentAll(guards)
const [, part = '', parts = ''] = /^([1-9]\d?)\/([1-9]\d?)$/.exec(values.part) ?? []
if (part === '' || Number(part) > Number(parts)) throw new Error('--part is written 2/4: the second of four shares')
const isChosen = ({ id, file }: (typeof mutants)[number]) =>
  id % Number(parts) === Number(part) - 1 && (filters.length === 0 || filters.some((filter) => file.includes(filter)))
const chosen = mutants.filter(isChosen)
if (chosen.length === 0) {
  console.log(`no guard is in a file whose path holds ${filters.join(' or ')}`)
  process.exit(1)
}
const { fates, unusable } = await hunt(chosen, { kept: new KeptKills(values), within: values.in }, console.log)

const reasons = new Map(explanations.flatMap(({ file, keys, reason }) => keys.map((key) => [`${file} ${key}`, reason])))
const isExplained = ({ mutant }: Fate) => reasons.has(`${mutant.file} ${mutant.key}`)
const killed = fates.filter(({ killedBy }) => killedBy !== undefined)
const alive = fates.filter(({ killedBy }) => killedBy === undefined)
const explained = alive.filter(isExplained)
const survived = alive.filter((fate) => !isExplained(fate))

for (const text of unusable) console.log(`not used, since it fails when it is run again: ${text}`)
for (const { mutant, killedBy } of killed.filter(isExplained)) {
  console.log(`needs no explanation any more: ${mutant.file} ${mutant.key} (killed by ${killedBy})`)
}
for (const { mutant, reachedBy } of survived) {
  const where = reachedBy.length === 0 ? 'no test gets there' : `${reachedBy.length} test files do not notice`
  console.log(
    `SURVIVED packages/core/src/${mutant.file}:${mutant.line} ${mutant.key}\n    becomes ${mutant.becomes || 'nothing'}; ${where}`,
  )
}
console.log(`${((performance.now() - began) / 60_000).toFixed(0)} minutes`)
console.log(`${killed.length} killed, ${survived.length} survived, ${explained.length} explained`)
process.exit(survived.length > 0 || problems.length > 0 ? 1 : 0)

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Budget, budgets } from './budgets.ts'
import { type Verdict, verdict } from './gate.ts'
import { files, root } from './repository.ts'
import { weighCore } from './weigh-core.ts'

const core = () => files(['packages/core/src/**/*.ts'])
const scripts = () => files(['scripts/**/*.{ts,mjs,cjs,json}']).filter((path) => !path.startsWith('scripts/servers/'))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const linesOf = (paths: readonly string[], line: RegExp) =>
  paths.reduce((sum, path) => sum + (read(path).trimEnd().match(line)?.length ?? 0), 0)
/** Matches lines of code. Decision 19: comments cost no budget. */
const code = /^(?!\s*(\/\/|\/\*|\*|$))/gm
/** Returns the exported names of core, from a page that the gate `surface` compares with the build. */
const names = () => [...read('docs/surface/core.api.md').matchAll(/^export /gm)].length

type By<Value> = Readonly<Record<string, Value>>

/** Budgets that are measured elsewhere: by the run itself, and by the nightly gate `warm call`. */
const elsewhere = [
  'minutes of .ci/run on two cores',
  'minutes of npm test on two cores',
  'guarded warm call beside the same by hand',
]

/** Checks that no value is above its limit in `budgets.json`. Core must be built. */
export async function checkBudgets(): Promise<Verdict> {
  const { own, withDependencies, beforeFirstCall } = await weighCore()
  return compareBudgets(budgets(), {
    "core's root entry, own code, minified, gzip": own,
    "core's root entry with its dependencies, minified, gzip": withDependencies,
    'core before the first call, minified, gzip': beforeFirstCall,
    "lines of core's code": linesOf(core(), code),
    "files of core's source": core().length,
    "names in core's root entry": names(),
    'lines of scripts without scripts/servers': linesOf(scripts(), /^/gm),
  })
}

/** @returns The values above their budgets, and those without a budget or a measurement. */
export function compareBudgets(told: By<Budget>, measured: By<number>): Verdict {
  const problems = Object.keys({ ...told, ...measured }).flatMap((name) => {
    const found = told[name]
    const value = measured[name]
    if (found === undefined) return [`budgets.json has no ${JSON.stringify(name)}`]
    if (found.today < found.target) return [`${name}: today's value is below the target; set the target to it`]
    if (value === undefined) return elsewhere.includes(name) ? [] : [`nothing measures ${JSON.stringify(name)}`]
    if (value <= found.today) return []
    return [
      `${name}: ${value} ${found.unit}, and ${found.today} are the most (target ${found.target}). Remove something, or raise it with a decision record that says what was removed.`,
    ]
  })
  const text = Object.entries(measured).map(
    ([name, value]) => `${name} ${value} of ${told[name]?.today} (target ${told[name]?.target})`,
  )
  return verdict(problems, text.join('; '))
}

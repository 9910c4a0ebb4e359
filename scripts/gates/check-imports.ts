import { type Verdict, verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

interface Report {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly {
      readonly rule: { readonly name: string }
      readonly from: string
      readonly to: string
      readonly cycle?: readonly { readonly name: string }[]
    }[]
  }
}

/** Checks every import against the directions in `.dependency-cruiser.mjs`. */
export async function checkImports(base: string = root): Promise<Verdict> {
  const { stdout, output } = await runTool(
    'depcruise',
    ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'packages', 'examples', 'scripts'],
    { cwd: base },
  )
  if (!stdout.startsWith('{')) return { ok: false, output }
  const { summary } = JSON.parse(stdout) as Report
  if (summary.totalCruised === 0) return { ok: false, output: 'no module was found' }
  const violations = new Set<string>()
  const cycles = new Set<string>()
  for (const { rule, from, to, cycle } of summary.violations) {
    const members = cycle?.map(({ name }) => name) ?? []
    // A cycle is reported once from each of its members.
    if (members.length > 0) cycles.add(`${rule.name}: ${fromSmallest(members).join(' → ')}`)
    else violations.add(`${rule.name}: ${from} → ${to}`)
  }
  return verdict([...[...violations].sort(), ...shortest([...cycles])], `${summary.totalCruised} modules`)
}

/** Returns the shortest cycles: one bad import closes many, and a few name it. */
function shortest(cycles: readonly string[]): string[] {
  const sorted = [...cycles].sort((left, right) => left.length - right.length)
  const rest = sorted.length - 5
  return rest > 0 ? [...sorted.slice(0, 5), `… and ${rest} longer cycles, which may go with these`] : sorted
}

/** Rotates a cycle to begin with its smallest member, so that equal cycles look equal. */
function fromSmallest(members: readonly string[]): string[] {
  const start = members.indexOf([...members].sort()[0] ?? '')
  const turned = [...members.slice(start), ...members.slice(0, start)]
  return [...turned, turned[0] ?? '']
}

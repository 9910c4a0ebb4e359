/** Counts of a run of the tests, or of another counted run. */
export interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Returns the last line of a run. */
export function lastLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** A part of a run, and its duration. */
export interface Part {
  readonly name: string
  readonly seconds: number
}

/** Returns the table of a run's parts, the slowest first. */
export function timesOf(parts: readonly Part[], title: string): string {
  const rows = [...parts].sort((one, other) => other.seconds - one.seconds)
  return [title, ...rows.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)}  ${name}`)].join('\n')
}

export interface SkippedTest {
  readonly name: string
  readonly reason: string
}

export interface TestRun extends Count {
  readonly skips: readonly SkippedTest[]
  /** Failures outside a test: a file that does not load, a hook, a rejected promise, a source that does not compile. */
  readonly faults: readonly string[]
  /** The failed tests, each with its assertion's message. Printed at the end, where a reader looks first. */
  readonly failures: readonly string[]
}

interface Problem {
  readonly message?: string
}

/** The part of vitest's results that is counted. */
export interface ResultNode {
  readonly type: 'module' | 'suite' | 'test'
  readonly name: string
  readonly problems: readonly Problem[]
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
  readonly note?: string
  readonly children: readonly ResultNode[]
}

/** Counts results. A test without a result has failed, and so has a run without tests. */
export function countResults(modules: readonly ResultNode[], unhandled: readonly Problem[]): TestRun {
  const skips: SkippedTest[] = []
  const faults: string[] = unhandled.map((problem) => textOf(problem))
  const failures: string[] = []
  let passed = 0
  const visit = (node: ResultNode, path: readonly string[]) => {
    const name = [...path, node.name]
    if (node.type === 'test') {
      if (node.state === 'passed') passed++
      else if (node.state === 'skipped') skips.push({ name: name.join(' > '), reason: node.note ?? 'no reason given' })
      else failures.push(`${name.join(' > ')}: ${textOf(node.problems[0], 'it did not end')}`)
      return
    }
    for (const problem of node.problems) faults.push(`${name.join(' > ')}: ${textOf(problem)}`)
    if (node.type === 'module' && node.state === 'pending') faults.push(`${name.join(' > ')}: did not end`)
    for (const child of node.children) visit(child, name)
  }
  for (const module of modules) visit(module, [])
  if (passed + failures.length + skips.length === 0) faults.push('no test was found')
  return { passed, failed: failures.length + faults.length, skipped: skips.length, skips, faults, failures }
}

const textOf = (problem: Problem | undefined, otherwise = 'an error without a message'): string =>
  problem?.message ?? otherwise

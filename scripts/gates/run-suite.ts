import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** Returns how many tests ran, in the words of vitest, such as `12 passed (12)`. Empty if it did not say so. */
export const countIn = (output: string): string => /^ *Tests +(.*)$/m.exec(output)?.[1]?.trim() ?? ''

/**
 * Runs the tests of one vitest configuration. A test that is skipped because a program is missing counts as not run.
 */
export async function runSuite(config: string, cwd = '', env: Readonly<Record<string, string>> = {}): Promise<Verdict> {
  const { code, output } = await runTool('vitest', ['run', '--config', config], { cwd: join(root, cwd), env })
  const count = countIn(output)
  if (code !== 0) return { ok: false, output }
  if (!count.includes('skipped'))
    return count.includes('passed') ? { ok: true, output: '', note: count } : { ok: false, output: 'no test was run' }
  return { ok: true, output: '', notRun: /\[(needs [^\]]*)\]/.exec(output)?.[1] ?? 'a program is missing' }
}

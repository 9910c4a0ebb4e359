import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

/**
 * The web app in a browser: it is built once, and Chromium does what people do.
 *
 * Where there is no Chromium this is said, and is no failure; in CI it is one, as any skipped test.
 */
export async function checkWeb(isCi = Boolean(process.env.CI)): Promise<Verdict> {
  const cwd = join(root, 'examples', 'stock-agent-nextjs')
  const { code, output } = await runTool('vitest', ['run', '--config', 'browser.config.ts'], { cwd })
  return webVerdict(code, output, isCi)
}

/** A verdict from what vitest printed. */
function webVerdict(code: number, output: string, isCi: boolean): Verdict {
  if (code !== 0) return { ok: false, output }
  const count = /^ *Tests +(.*)$/m.exec(output)?.[1]?.trim() ?? ''
  const reason = /\[(needs chromium[^\]]*)\]/.exec(output)?.[1] ?? 'needs chromium: apt-get install -y chromium'
  if (!count.includes('skipped')) {
    return count.includes('passed') ? { ok: true, output: '', note: count } : { ok: false, output: 'no test was run' }
  }
  if (isCi) return { ok: false, output: `${count}: ${reason}. In CI every test has what it needs.` }
  return { ok: true, output: '', note: `not run: ${reason}` }
}

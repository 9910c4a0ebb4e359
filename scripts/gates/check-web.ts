import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** The web app in a browser: it is built once, and Chromium does what people do. */
export async function checkWeb(): Promise<Verdict> {
  const cwd = join(root, 'examples', 'stock-agent-nextjs')
  const { code, output } = await runTool('vitest', ['run', '--config', 'browser.config.ts'], { cwd })
  const count = /^ *Tests +(.*)$/m.exec(output)?.[1]?.trim() ?? ''
  if (code !== 0) return { ok: false, output }
  if (!count.includes('skipped'))
    return count.includes('passed') ? { ok: true, output: '', note: count } : { ok: false, output: 'no test was run' }
  const reason = /\[(needs chromium[^\]]*)\]/.exec(output)?.[1] ?? 'needs chromium: apt-get install -y chromium'
  return { ok: true, output: '', notRun: reason }
}

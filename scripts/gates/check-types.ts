import type { Verdict } from './gate.ts'
import { runTool } from './run-tool.ts'

/**
 * Runs TypeScript 7 over every package, every example and the scripts. They are one program, because each of them
 * compiles what it imports. The web app is another one, with the options that Next.js requires.
 */
export async function checkTypes(): Promise<Verdict> {
  const failures: string[] = []
  for (const project of ['scripts/gates/tsconfig.all.json', 'examples/stock-agent-nextjs']) {
    const { code, output } = await runTool('tsc', ['-p', project])
    if (code !== 0) failures.push(output.trim())
  }
  return { ok: failures.length === 0, output: failures.join('\n') }
}

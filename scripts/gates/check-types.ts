import type { Verdict } from './gate.ts'
import { typedProjects } from './repository.ts'
import { runTool } from './run-tool.ts'

/** Runs TypeScript 7 over every package, every example and the scripts. */
export async function checkTypes(): Promise<Verdict> {
  const projects = typedProjects()
  const failures: string[] = []
  for (const project of projects) {
    const { code, output } = await runTool('tsc', ['-p', project])
    if (code !== 0) failures.push(output.trim())
  }
  return { ok: failures.length === 0, output: failures.join('\n'), note: `${projects.length} projects` }
}

import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { publishedPackages, root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** Builds every published package into its `dist`. */
export async function buildPackages(): Promise<Verdict> {
  const failures: string[] = []
  const packages = publishedPackages()
  for (const { path } of packages) {
    const { code, output } = await runTool('tsup', [], { cwd: join(root, path) })
    if (code !== 0) failures.push(`${path}:\n${output.trim()}`)
  }
  return { ok: failures.length === 0, output: failures.join('\n\n'), note: `${packages.length} packages` }
}

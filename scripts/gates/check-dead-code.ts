import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importedBy } from '../consumers/first-program.ts'
import { snippetsIn } from './check-snippets.ts'
import { type Verdict, verdict } from './gate.ts'
import { pages, root } from './repository.ts'
import { runTool } from './run-tool.ts'

/**
 * Refuses unused files, exports and dependencies, dependencies that no manifest names, and needless exceptions in
 * `knip.jsonc`. knip cannot read the snippets of the pages: their dependencies, those of `docs`, are checked here.
 */
export async function checkDeadCode(): Promise<Verdict> {
  const { code, output } = await runTool('knip', ['--no-progress', '--treat-config-hints-as-errors'])
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'docs', 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const names = Object.keys(devDependencies)
  const idle = unusedBySnippets(
    names,
    pages().map((page) => readFileSync(join(root, page), 'utf8')),
  )
  return verdict(
    [
      ...(code === 0 ? [] : [output.trim()]),
      ...idle.map((name) => `docs/package.json: no snippet of a page imports ${name}`),
    ],
    `the code, and the ${names.length} dependencies of the pages`,
  )
}

/** @returns The dependencies that no snippet of the pages imports. */
export function unusedBySnippets(dependencies: readonly string[], texts: readonly string[]): string[] {
  const code = texts.flatMap((text) => snippetsIn(text).modules.map((module) => module.code)).join('\n')
  const imported = new Set(importedBy(code))
  // Keeps the types of imported packages, and those of Node.
  const isWanted = (name: string) =>
    imported.has(name) || name === '@types/node' || imported.has(name.replace(/^@types\//, ''))
  return dependencies.filter((name) => !isWanted(name))
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importedBy } from '../consumers/first-program.ts'
import { snippetsIn } from './check-snippets.ts'
import { type Verdict, verdict } from './gate.ts'
import { pages, root } from './repository.ts'
import { runTool } from './run-tool.ts'

/**
 * No file, export or dependency is there that nothing uses, and none is used that no manifest names.
 *
 * knip looks at the code, with the exceptions that `knip.jsonc` explains; an exception that excuses nothing any more
 * fails too. What `docs` depends on is used by the snippets of the pages alone, which knip cannot read: they are
 * looked at here.
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

/** @returns those of the dependencies that no snippet of the pages imports */
export function unusedBySnippets(dependencies: readonly string[], texts: readonly string[]): string[] {
  const code = texts.flatMap((text) => snippetsIn(text).modules.map((module) => module.code)).join('\n')
  const imported = new Set(importedBy(code))
  // The types of what is imported, and of Node.
  const isWanted = (name: string) =>
    imported.has(name) || name === '@types/node' || imported.has(name.replace(/^@types\//, ''))
  return dependencies.filter((name) => !isWanted(name))
}

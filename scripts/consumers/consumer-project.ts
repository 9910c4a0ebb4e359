import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { esbuild } from '../gates/esbuild.ts'
import { runTool, type ToolResult } from '../gates/run-tool.ts'

export interface ConsumerRun {
  /** Label, such as `@behalf/core: first program, on Node 24`. */
  readonly what: string
  readonly problem?: string
  /** True if npm could not be reached. */
  readonly notRun?: true
}

/** A folder outside the workspace, with the packages that npm installed. */
export interface ConsumerProject {
  readonly folder: string
  /** Number of packages that npm installed. */
  readonly packages: number
  write(name: string, text: string): void
  /** Writes plain JavaScript: the TypeScript of a page without its types. */
  writeProgram(code: string): Promise<void>
  /** Copies programs of this repository into it. */
  bring(...names: readonly string[]): void
}

const programs = fileURLToPath(new URL('programs/', import.meta.url))

/**
 * Makes a project as a user would, with `npm install`.
 *
 * @param registry - Serves our packages. The default registry serves the others.
 * @throws Error npm failed. The message is npm's output.
 */
export async function createProject(
  folder: string,
  what: readonly string[],
  registry?: string,
): Promise<ConsumerProject> {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write('package.json', JSON.stringify({ private: true, type: 'module' }))
  if (registry !== undefined) write('.npmrc', `@behalf:registry=${registry}\n`)
  const { code, output } = await runTool('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...what], {
    cwd: folder,
  })
  if (code !== 0) throw new Error(`npm install ${what.join(' ')} failed:\n${output.trim()}`)
  const lock = readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')
  return {
    folder,
    packages: Object.keys((JSON.parse(lock) as { readonly packages: object }).packages).length,
    write,
    writeProgram: async (code) => {
      const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } }
      write('program.js', (await esbuild.transform(code, { loader: 'ts', target: 'es2023', tsconfigRaw })).code)
    },
    bring(...names) {
      for (const name of names) copyFileSync(join(programs, name), join(folder, name))
    },
  }
}

/** Returns the problem of a program that must print `holds` and exit without an error, if there is one. */
export function problemOf(what: string, { code, output }: ToolResult): string | undefined {
  return code === 0 && /^.*\bholds$/m.test(output) ? undefined : `${what}:\n${output.trim()}`
}

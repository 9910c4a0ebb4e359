import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../gates/repository.ts'
import { runTool } from '../gates/run-tool.ts'
import type { Room } from './rooms.ts'

interface Mutant {
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored' | 'CompileError' | 'RuntimeError'
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: { readonly line: number } }
}

export interface RoomReport {
  readonly noticed: number
  readonly all: number
  /** A line for each mutant that no test noticed. */
  readonly survivors: readonly string[]
  /** A line for each mutant that was found only by a time limit. On a busy machine, some of them may survive. */
  readonly timedOut: readonly string[]
}

/** Copies the working tree and its dependencies: Stryker writes its mutants into the sources. */
export async function copyOfRepository(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-mutation-')))
  const { stdout } = await runTool('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file), { force: true })
  }
  const { code, output } = await runTool('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: folder })
  if (code !== 0) throw new Error(`the copy cannot be installed:\n${output}`)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * Removes the decisions in a room's code, one after the other, and checks whether the room's tests notice.
 *
 * Texts do not change: most are sentences for people. A mutant that no test can find is disabled beside the code, with
 * the reason: `// Stryker disable next-line ConditionalExpression: …`.
 */
export async function mutateRoom({ name, tests = [name] }: Room, folder: string): Promise<RoomReport> {
  const report = join(folder, 'reports', `${name}.json`)
  writeFileSync(
    join(folder, 'stryker.config.json'),
    JSON.stringify({
      testRunner: 'vitest',
      plugins: ['@stryker-mutator/vitest-runner'],
      vitest: { configFile: 'scripts/mutation/vitest.config.ts', related: false },
      mutate: [`packages/core/src/${name}/**/*.ts`],
      mutator: { excludedMutations: ['StringLiteral'] },
      // Code that runs while a file is loaded cannot be mutated for single tests.
      ignoreStatic: true,
      inPlace: true,
      disableTypeChecks: false,
      dryRunTimeoutMinutes: 30,
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
    }),
  )
  const bin = join(folder, 'scripts', 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
  const { code, output } = await runTool(process.execPath, [bin, 'run', 'stryker.config.json'], {
    cwd: folder,
    env: { BEHALF_MUTATION_TESTS: tests.join(',') },
    print: console.log,
  })
  if (code !== 0) throw new Error(`Stryker failed in ${name}:\n${output}`)
  const { files } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>
  }
  return reportOf(files)
}

/**
 * Counts the mutants that the tests found. A mutant that never ends counts as found. One that no test reaches does not.
 */
export function reportOf(files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>): RoomReport {
  const all = Object.entries(files).flatMap(([file, { mutants }]) => mutants.map((mutant) => ({ file, ...mutant })))
  const noticed = all.filter(({ status }) => status === 'Killed' || status === 'Timeout')
  const alive = all.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  const textOf = (replacement = '') => replacement.replaceAll(/\s+/g, ' ').slice(0, 80)
  const lineOf = ({ file, location, mutatorName, replacement }: (typeof all)[number]) =>
    `${file}:${location.start.line} ${mutatorName} becomes ${textOf(replacement)}`
  return {
    noticed: noticed.length,
    all: noticed.length + alive.length,
    survivors: alive.map(
      (mutant) => `${lineOf(mutant)}; ${mutant.status === 'NoCoverage' ? 'no test reaches it' : 'no test notices'}`,
    ),
    timedOut: noticed.filter(({ status }) => status === 'Timeout').map(lineOf),
  }
}

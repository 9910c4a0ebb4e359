import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../gates/repository.ts'
import { runTool } from '../gates/run-tool.ts'
import { adapters, floorsOf } from './floors-of.ts'

export interface FloorRun {
  /** `not run`: npm's registry could not be reached. */
  readonly state: 'ok' | 'failed' | 'not run'
  /** What went wrong, where something did. */
  readonly output: string
  /** A line for each framework and each of its suites. */
  readonly lines: readonly string[]
}

/**
 * Compiles each adapter against the oldest version of its framework that the published range admits, and runs its
 * contract suite there. Its other tests are of what newer versions do.
 *
 * The newest version is the lockfile's, on which all tests run.
 */
export async function runOnFloors(): Promise<FloorRun> {
  const workshop = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-floors-')))
  try {
    layOut(workshop)
    const installed = await runTool('pnpm', ['install', '--ignore-scripts', '--prefer-offline'], { cwd: workshop })
    if (installed.code !== 0) {
      const state = unreachable.test(installed.output) ? 'not run' : 'failed'
      return { state, output: installed.output, lines: [] }
    }
    const lines = adapters.map((name) => `${name}: ${said(floorsOf(name).floors)}`)
    for (const name of adapters) {
      const { code, output } = await runTool('tsc', ['-p', join(workshop, name)])
      // Other people's declarations are other people's business, and core is compiled elsewhere.
      const ours = output.split('\n').filter((line) => line.includes(`${name}/src/`))
      if (code !== 0 && ours.length > 0) return { state: 'failed', output: ours.join('\n'), lines }
    }
    const { code, output } = await runTool('vitest', ['run', '--config', 'vitest.config.mjs'], { cwd: workshop })
    const counts = [...output.matchAll(/^adapter contract on .*$/gm)].map(([line]) => line)
    // Fewer suites than frameworks: one of them was not found, and proved nothing.
    const state = code === 0 && counts.length >= adapters.length ? 'ok' : 'failed'
    return { state, output, lines: [...lines, ...counts, `tests: ${/^ *Tests +(.*)/m.exec(output)?.[1] ?? 'none'}`] }
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

const unreachable = /\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH)\b/

const said = (floors: Readonly<Record<string, string>>) =>
  Object.entries(floors)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')

/** A workspace of the adapters' own sources and tests, where only the frameworks are others. */
function layOut(workshop: string): void {
  for (const name of adapters) {
    const place = join(workshop, name)
    mkdirSync(place)
    for (const folder of ['src', 'test']) {
      cpSync(join(root, 'packages', name, folder), join(place, folder), { recursive: true })
    }
    const { floors, linked } = floorsOf(name)
    const links = linked.map((one) => [one, `link:${realpathSync(join(root, 'packages', name, 'node_modules', one))}`])
    const vitest = `link:${realpathSync(join(root, 'node_modules', 'vitest'))}`
    write(place, 'package.json', {
      name,
      private: true,
      type: 'module',
      dependencies: { ...floors, ...Object.fromEntries(links), vitest },
    })
    write(place, 'tsconfig.json', {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { types: ['node'] },
      include: ['src'],
    })
  }
  write(workshop, 'package.json', { private: true })
  // YAML takes JSON.
  write(workshop, 'pnpm-workspace.yaml', {
    packages: adapters,
    autoInstallPeers: false,
    networkConcurrency: 8,
    fetchRetries: 2,
    fetchRetryMintimeout: 500,
    fetchRetryMaxtimeout: 2000,
    // Mastra's mock model imports vitest without naming it, up to 1.69.
    packageExtensions: { '@mastra/core': { peerDependencies: { vitest: '*' } } },
  })
  const projects = adapters.map((name) => ({
    test: { name, root: name, include: ['test/contract.test.ts'], testTimeout: 20_000 },
  }))
  writeFileSync(join(workshop, 'vitest.config.mjs'), `export default ${JSON.stringify({ test: { projects } })}\n`)
}

const write = (folder: string, name: string, value: unknown) =>
  writeFileSync(join(folder, name), JSON.stringify(value, undefined, 2))

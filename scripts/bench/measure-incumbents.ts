import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { added } from '../../packages/core/bench/weigh.ts'
import { root } from '../gates/repository.ts'
import { runTool } from '../gates/run-tool.ts'
import type { Measurement } from './measure.ts'

export interface IncumbentRun {
  /** Name of the package, with the installed version. */
  readonly name: string
  /** Measurements by the number of the schema's fields. */
  readonly figures: Readonly<Record<string, Measurement>>
  /** Versions in the install, and what the package adds to a process compared with ours; or why it was not measured. */
  readonly notes: readonly string[]
}

/** Entry points of core that together do what one package of the other vendor does. */
const ours = ['', '/providers', '/vault', '/ciba', '/fga'].map((entry) => `@behalf/core${entry}`)

/**
 * Measures the same call with the competing package of one of our adapters. It runs in its own install and process,
 * because it needs an older framework. It does less in a call than the guard: it checks no input and no identity.
 */
export async function measureIncumbent(adapter: string): Promise<IncumbentRun> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-incumbent-'))
  const own = join(root, 'packages', adapter)
  const versionOf = (name: string) => read(join(folder, 'node_modules', name, 'package.json')).version
  try {
    // Versions that go together: `@auth0/ai-langchain` 3 takes any `@auth0/ai` by its range, and loads with 4.
    copyFileSync(join(own, 'bench', 'incumbent.json'), join(folder, 'package.json'))
    copyFileSync(join(own, 'bench', 'incumbent.mjs'), join(folder, 'incumbent.mjs'))
    const { dependencies, config } = read(join(folder, 'package.json'))
    const [name = '', ...others] = Object.keys(dependencies)
    const failed = (why: string) => ({ name, figures: {}, notes: [`${name}: not measured, ${why}`] })
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--prefer-offline']
    const installed = await runTool('npm', ['install', ...flags], { cwd: folder })
    if (installed.code !== 0) return failed(`npm cannot bring it: ${lastLineOf(installed.output)}`)
    const command = ['--no-warnings', 'incumbent.mjs', new URL('measure.ts', import.meta.url).href]
    const { code, stdout, output } = await runTool(process.execPath, command, { cwd: folder })
    if (code !== 0) return failed(`it does not run: ${/^\w*Error.*$/m.exec(output)?.[0] ?? lastLineOf(output)}`)
    const mine = await added(['./src/index.ts', ...ours], own, config.frameworks)
    const theirs = await added([name], folder, config.frameworks)
    const beside = `added to a process that has ${config.frameworks.join(', ')}`
    return {
      name: `${name} ${versionOf(name)}`,
      figures: JSON.parse(lastLineOf(stdout)) as IncumbentRun['figures'],
      notes: [
        `${name} ${versionOf(name)} with ${others.map((other) => `${other} ${versionOf(other)}`).join(', ')}`,
        `${beside}: @behalf/${adapter} ${mine}; ${name} ${theirs}`,
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const lastLineOf = (text: string) => text.trim().split('\n').at(-1) ?? ''

import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { unreachable } from '../smoke/nodes.ts'
import { type Verdict, verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** The adapters whose peers are frameworks in a version range, and their tests that need no newer framework. */
const tests = {
  'ai-sdk': ['contract', 'tool-callers', 'use-chat', 'written-arguments'],
  langchain: ['**/*'],
  mastra: ['contract'],
  'openai-agents': ['**/*'],
  'claude-agent-sdk': ['**/*'],
}
const adapters = Object.keys(tests)

/** Returns whether a dependency is linked to the repository: not a framework, or the same one for all adapters. */
const isOurs = (name: string) =>
  /^@(behalf|types)\//.test(name) || ['msw', 'vitest', '@modelcontextprotocol/server'].includes(name)

/**
 * Compiles each adapter against the oldest version of its framework in the published range, and runs tests there. All
 * tests run on the newest version, from the lockfile.
 */
export async function checkFloors(): Promise<Verdict> {
  const workshop = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-floors-')))
  try {
    layOut(workshop)
    const installed = await runTool('pnpm', ['install', '--ignore-scripts', '--prefer-offline'], { cwd: workshop })
    if (unreachable.test(installed.output) && installed.code !== 0)
      return { ok: true, output: '', notRun: 'npm cannot be reached for the oldest frameworks' }
    if (installed.code !== 0) return verdict([installed.output])
    for (const name of adapters) {
      const { output } = await runTool('tsc', ['-p', join(workshop, name)])
      // Errors in declarations of other packages are ignored, and core is compiled elsewhere.
      const ours = output.split('\n').filter((line) => line.includes(`${name}/src/`))
      if (ours.length > 0) return verdict([ours.join('\n')])
    }
    const { code, output } = await runTool('vitest', ['run', '--config', 'vitest.config.mjs'], { cwd: workshop })
    const counts = [...output.matchAll(/^adapter contract on .*$/gm)].map(([line]) => line)
    // With fewer suites than frameworks, one was not found and proved nothing.
    const ok = code === 0 && counts.length >= adapters.length
    return verdict(ok ? [] : [output], [...adapters.map((name) => versionsOf(workshop, name)), ...counts].join('; '))
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

const dependenciesOf = (name: string) =>
  (
    JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      readonly devDependencies: Readonly<Record<string, string>>
    }
  ).devDependencies

/** Returns the framework versions that pnpm chose for an adapter. */
function versionsOf(workshop: string, name: string): string {
  const frameworks = Object.keys(dependenciesOf(name)).filter((one) => !isOurs(one))
  const versions = frameworks.map((one) => {
    const manifest = readFileSync(join(workshop, name, 'node_modules', one, 'package.json'), 'utf8')
    return `${one} ${(JSON.parse(manifest) as { readonly version: string }).version}`
  })
  return `${name}: ${versions.join(', ')}`
}

/** Creates a workspace of the adapters' own sources and tests, with other framework versions. */
function layOut(workshop: string): void {
  for (const name of adapters) {
    const place = join(workshop, name)
    for (const folder of ['src', 'test'])
      cpSync(join(root, 'packages', name, folder), join(place, folder), { recursive: true })
    const linked = (one: string) => `link:${realpathSync(join(root, 'packages', name, 'node_modules', one))}`
    const all = Object.entries(dependenciesOf(name)).map(([one, range]) => [one, isOurs(one) ? linked(one) : range])
    const vitest = `link:${realpathSync(join(root, 'node_modules', 'vitest'))}`
    write(place, 'package.json', {
      name,
      private: true,
      type: 'module',
      dependencies: { ...Object.fromEntries(all), vitest },
    })
    write(place, 'tsconfig.json', {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { types: ['node'] },
      include: ['src'],
    })
  }
  write(workshop, 'package.json', { private: true })
  const { catalog } = parse(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')) as { readonly catalog: object }
  // JSON is valid YAML.
  write(workshop, 'pnpm-workspace.yaml', {
    packages: adapters,
    catalog,
    resolutionMode: 'lowest-direct',
    // From 1.15.0 on it requires a newer @mastra/core.
    overrides: { '@mastra/libsql': '1.14.3' },
    autoInstallPeers: false,
    networkConcurrency: 8,
    fetchRetries: 2,
    fetchRetryMintimeout: 500,
    fetchRetryMaxtimeout: 2000,
    // Up to 1.69, Mastra's mock model imports vitest without declaring it.
    packageExtensions: { '@mastra/core': { peerDependencies: { vitest: '*' } } },
  })
  const projects = Object.entries(tests).map(([name, files]) => {
    const include = files.map((file) => `test/${file}.test.ts`)
    return { test: { name, root: name, include, isolate: false, testTimeout: 60_000, env: { BEHALF_CLI: 'real' } } }
  })
  writeFileSync(join(workshop, 'vitest.config.mjs'), `export default ${JSON.stringify({ test: { projects } })}\n`)
}

const write = (folder: string, name: string, value: unknown) =>
  writeFileSync(join(folder, name), JSON.stringify(value, undefined, 2))

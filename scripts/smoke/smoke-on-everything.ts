import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readManifest, root } from '../gates/repository.ts'
import { bringNode, nodes } from './nodes.ts'
import { workerd, workerdConfig } from './workerd.ts'

const run = promisify(execFile)
const core = join(root, 'packages', 'core')
const suite = join(core, 'test', 'smoke')

/** Milliseconds. */
const TIMEOUT = 60_000

export interface SmokeRun {
  readonly runtime: string
  /** `not run`: the runtime could not be had. */
  readonly state: 'ok' | 'failed' | 'not run'
  readonly output: string
}

/** Runs core's smoke suite from `dist` on each runtime. The packages must be built. */
export async function smokeOnEverything(): Promise<readonly SmokeRun[]> {
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-smoke-'))
  try {
    layOutAsInstalled(workshop)
    await bundle(workshop)
    const runs: SmokeRun[] = []
    for (const version of nodes) runs.push(await onNode(version, workshop))
    runs.push(await onWorkerd(workshop))
    return runs
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** One line for each runtime; what went wrong, where something did. */
export function describeRuns(runs: readonly SmokeRun[]): readonly string[] {
  return runs.map(({ runtime, state, output }) => `${runtime}: ${state === 'ok' ? output : `${state}, ${output}`}`)
}

/** `@behalf/core` as npm would lay it out: what is published, and its dependencies. */
function layOutAsInstalled(workshop: string): void {
  const { publishConfig, dependencies } = readManifest('packages/core') as unknown as {
    readonly publishConfig: { readonly exports: unknown }
    readonly dependencies: Readonly<Record<string, string>>
  }
  const place = join(workshop, 'node_modules', '@behalf', 'core')
  mkdirSync(place, { recursive: true })
  const manifest = { name: '@behalf/core', type: 'module', exports: publishConfig.exports }
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest))
  symlinkSync(join(core, 'dist'), join(place, 'dist'), 'junction')
  for (const name of Object.keys(dependencies)) {
    const target = join(workshop, 'node_modules', name)
    mkdirSync(join(target, '..'), { recursive: true })
    symlinkSync(join(core, 'node_modules', name), target, 'junction')
  }
}

/** The suite in one file for Node, with core outside of it; and all of it in one file for workerd, which has no files. */
async function bundle(workshop: string): Promise<void> {
  const require = createRequire(import.meta.url)
  const esbuild = createRequire(require.resolve('tsup'))('esbuild')
  const common = { bundle: true, format: 'esm', absWorkingDir: workshop, logLevel: 'silent', target: 'es2023' }
  await esbuild.build({
    ...common,
    entryPoints: [join(suite, 'node.ts')],
    outfile: join(workshop, 'node.mjs'),
    platform: 'node',
    external: ['@behalf/core'],
  })
  await esbuild.build({
    ...common,
    // The default export that workerd asks for: it runs `test`, and exits by what became of it.
    stdin: {
      contents: `import { smoke } from ${JSON.stringify(join(suite, 'suite.ts'))}
        export default { async test() { console.log((await smoke()).length + ' hold') } }`,
      resolveDir: workshop,
    },
    outfile: join(workshop, 'worker.mjs'),
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    // From `dist`, and not from the sources that stand beside the suite.
    alias: await publishedDoors(workshop),
  })
}

async function publishedDoors(workshop: string): Promise<Readonly<Record<string, string>>> {
  const { publishConfig } = readManifest('packages/core') as unknown as {
    readonly publishConfig: { readonly exports: Readonly<Record<string, string | { readonly default: string }>> }
  }
  const place = join(workshop, 'node_modules', '@behalf', 'core')
  const doors = Object.entries(publishConfig.exports).filter(([, target]) => typeof target === 'object')
  // The longest first: an alias also takes what begins with it.
  return Object.fromEntries(
    doors
      .map(
        ([door, target]) => [join('@behalf/core', door), join(place, (target as { default: string }).default)] as const,
      )
      .sort(([left], [right]) => right.length - left.length),
  )
}

async function onNode(version: (typeof nodes)[number], workshop: string): Promise<SmokeRun> {
  const runtime = `Node ${version}`
  const node = await bringNode(version)
  if (node === undefined) return { runtime, state: 'not run', output: 'npm cannot bring it' }
  return outcome(runtime, run(node, [join(workshop, 'node.mjs')], { cwd: workshop, timeout: TIMEOUT }))
}

async function onWorkerd(workshop: string): Promise<SmokeRun> {
  writeFileSync(join(workshop, 'config.capnp'), workerdConfig('nodejs_als'))
  return outcome('workerd', run(workerd, ['test', 'config.capnp'], { cwd: workshop, timeout: TIMEOUT }))
}

async function outcome(runtime: string, running: Promise<{ stdout: string; stderr: string }>): Promise<SmokeRun> {
  try {
    const { stdout, stderr } = await running
    // A runtime that ran nothing has proved nothing.
    const said = /\d+ hold/.exec(`${stdout}${stderr}`)?.[0]
    return { runtime, state: said === undefined ? 'failed' : 'ok', output: said ?? `${stdout}${stderr}` }
  } catch (error) {
    const { stdout = '', message } = error as { stdout?: string; message: string }
    return { runtime, state: 'failed', output: `${message}\n${stdout}` }
  }
}

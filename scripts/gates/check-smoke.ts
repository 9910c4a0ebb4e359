import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringNode, nodes } from '../smoke/nodes.ts'
import { workerd, workerdConfig } from '../smoke/workerd.ts'
import { esbuild } from './esbuild.ts'
import { type Verdict, verdict } from './gate.ts'
import { readManifest, root } from './repository.ts'
import { runTool } from './run-tool.ts'

const core = join(root, 'packages', 'core')

interface SmokeRun {
  readonly runtime: string
  /** Result, such as `14 hold`, or the error. */
  readonly said: string
  readonly failed: boolean
}

/**
 * Checks core's main functions, from `dist`, on every runtime that we support. Names a runtime that is not available
 * here.
 */
export async function checkSmoke(): Promise<Verdict> {
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-smoke-'))
  try {
    layOutAsInstalled(workshop)
    await bundle(workshop)
    const runs: SmokeRun[] = []
    for (const version of nodes) {
      const node = await bringNode(version)
      const runtime = `Node ${version}`
      if (node === undefined) runs.push({ runtime, said: 'not run, npm cannot bring it', failed: false })
      else runs.push(await run(runtime, node, ['node.mjs'], workshop))
    }
    writeFileSync(join(workshop, 'config.capnp'), workerdConfig('nodejs_als'))
    runs.push(await run('workerd', workerd, ['test', 'config.capnp'], workshop))
    const told = (some: readonly SmokeRun[]) => some.map(({ runtime, said }) => `${runtime}: ${said}`)
    return verdict(told(runs.filter(({ failed }) => failed)), told(runs).join('; '))
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** Lays out `@behalf/core` as npm would: the published files, and their dependencies. */
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

/**
 * Bundles the suite into one file for Node, with core outside it. Bundles all of it into one file for workerd, which
 * has no file system.
 */
async function bundle(workshop: string): Promise<void> {
  const common = { bundle: true, format: 'esm', absWorkingDir: workshop, logLevel: 'silent', target: 'es2023' }
  const suite = (name: string, file: string) =>
    esbuild.build({
      ...common,
      entryPoints: [join(core, 'test', 'smoke', name)],
      outfile: join(workshop, file),
      platform: 'node',
      // Loads core from `dist`, and not from the sources beside the suite.
      external: ['@behalf/core'],
    })
  await suite('node.ts', 'node.mjs')
  await suite('suite.ts', 'suite.mjs')
  await esbuild.build({
    ...common,
    // The default export that workerd requires: it runs `test`, and exits with the result.
    stdin: {
      contents: `import { smoke } from './suite.mjs'
        export default { async test() { console.log((await smoke()).length + ' hold') } }`,
      resolveDir: workshop,
    },
    outfile: join(workshop, 'worker.mjs'),
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
  })
}

async function run(runtime: string, program: string, args: readonly string[], cwd: string): Promise<SmokeRun> {
  const { code, output } = await runTool(program, args, { cwd, timeoutMs: 60_000 })
  // A runtime that ran no test proves nothing.
  const said = code === 0 ? /\d+ hold/.exec(output)?.[0] : undefined
  return { runtime, said: said ?? `failed, ${output}`, failed: said === undefined }
}

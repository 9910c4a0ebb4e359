import { join } from 'node:path'
import { esbuild } from '../gates/esbuild.ts'
import { runTool } from '../gates/run-tool.ts'
import { workerd, workerdConfig } from '../smoke/workerd.ts'
import { type ConsumerProject, type ConsumerRun, problemOf } from './consumer-project.ts'

/**
 * Runs the first program of core's README on workerd: bundled by esbuild as a Worker, with all packages that npm
 * installed.
 */
export async function runInWorker(project: ConsumerProject): Promise<ConsumerRun> {
  const what = 'first program, in a Worker (esbuild, workerd)'
  const { folder } = project
  // `@behalf/testing` can intercept requests only in Node. Here its handlers are called directly.
  project.write('no-interception.mjs', 'export const setupServer = undefined, defaultNetworkOptions = undefined\n')
  await esbuild.build({
    stdin: { contents: `export default { async test() { await import('./core.mjs') } }`, resolveDir: folder },
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    alias: { 'msw/node': join(folder, 'no-interception.mjs') },
    logLevel: 'silent',
  })
  project.write('config.capnp', workerdConfig('nodejs_compat'))
  const problem = problemOf(what, await runTool(workerd, ['test', 'config.capnp'], { cwd: folder, timeoutMs: 60_000 }))
  return problem === undefined ? { what } : { what, problem }
}

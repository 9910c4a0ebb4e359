import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../gates/run-tool.ts'
import { ownFolder, type RunningServer } from './run-server.ts'

const SERVER = '1.7.12'
const SDK = '1.17.2'

/**
 * Downloads Restate's server and SDK with npm, once for each version, outside the clone. The suite starts the server
 * itself.
 *
 * @returns Their folder, or the reason of a failure, in words.
 */
export async function bringRestate(): Promise<RunningServer | string> {
  const folder = join(tmpdir(), `behalf-restate-${SERVER}-${SDK}`)
  const problem = await ownFolder(folder)
  if (problem !== undefined) return problem
  if (!existsSync(join(folder, 'node_modules', '.package-lock.json'))) {
    console.log(`bringing Restate ${SERVER}, which takes a minute the first time`)
    const packages = [`@restatedev/restate-server@${SERVER}`, `@restatedev/restate-sdk@${SDK}`]
    const made = await runTool('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...packages])
    if (made.code !== 0) return `npm does not bring Restate: ${made.output.trim().split('\n').at(-1)}`
  }
  return { url: folder, stop: async () => {} }
}

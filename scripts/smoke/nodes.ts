import { runTool } from '../gates/run-tool.ts'

/** The oldest Node that `engines` accepts, the one for development, and the newest. npm downloads each. */
export const nodes = ['22.13', '24', '26'] as const

/** Messages of npm and pnpm when the registry cannot be reached. */
export const unreachable = /\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH)\b/

/**
 * Downloads a Node with npm, once for all programs that run on it.
 *
 * @returns The path of the program. `undefined`: npm could not be reached, and has no copy.
 * @throws Error npm failed for another reason.
 */
export async function bringNode(version: (typeof nodes)[number]): Promise<string | undefined> {
  const args = ['--yes', '-p', `node@${version}`, 'node', '--print', 'process.execPath']
  const { code, stdout, output } = await runTool('npx', args)
  const path = stdout.trim()
  if (code === 0 && path !== '') return path
  if (unreachable.test(output)) return undefined
  throw new Error(`npm did not bring Node ${version}:\n${output}`)
}

import { runTool } from '../gates/run-tool.ts'

/** The oldest that `engines` admits, the one we work with, and the newest. npm brings each. */
export const nodes = ['22.13', '24', '26'] as const

/** What npm and pnpm say when the registry could not be reached. */
export const unreachable = /\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH)\b/

/**
 * Has npm bring a Node, once for all programs that are run on it.
 *
 * @returns the path of the program; `undefined`: npm could not be reached, and has none
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

import { bringRestate } from '../servers/bring-restate.ts'
import type { RunningServer } from '../servers/run-server.ts'
import { startKeycloak } from '../servers/start-keycloak.ts'
import { startOpenFga } from '../servers/start-open-fga.ts'
import type { Verdict } from './gate.ts'
import { files } from './repository.ts'
import { runTool } from './run-tool.ts'

/** OpenFGA's sample stores where they are beside the clone, and everything once more against a real OpenFGA. */
export const checkLiveOpenFga = async (): Promise<Verdict> =>
  runLive(await startOpenFga(), 'OPENFGA_URL', files(['packages/{core,fga-engine}/test/live/vitest.config.ts']), [
    'openfga',
    'sample',
  ])

/** What Keycloak can do of ours, against a real one. */
export const checkLiveKeycloak = async (): Promise<Verdict> =>
  runLive(await startKeycloak(8180), 'KEYCLOAK_URL', files(['packages/{core,mcp}/test/live/vitest.config.ts']), [
    'keycloak',
  ])

/** Processes killed amid handlers of a real Restate. */
export const checkLiveRestate = async (): Promise<Verdict> =>
  runLive(await bringRestate(), 'RESTATE_HOME', ['packages/stores/test/restate/vitest.config.ts'])

/** Runs the live suites. Without a server only those run that need none, and the gate counts as not run. */
async function runLive(
  server: RunningServer | string,
  variable: string,
  configs: readonly string[],
  names: readonly string[] = [],
): Promise<Verdict> {
  const isThere = typeof server !== 'string'
  const env = isThere ? { [variable]: server.url } : {}
  const notes: string[] = []
  try {
    for (const config of configs) {
      const { code, output } = await runTool('vitest', ['run', '--config', config, ...names], { env })
      const count = /^ *Tests +(.*)/m.exec(output)?.[1]?.trim() ?? 'nothing'
      // A suite in which no test passed has proved nothing.
      if (code !== 0 || (isThere && !count.includes('passed'))) return { ok: false, output: `${config}\n${output}` }
      notes.push(`${config.split('/')[1]} ${count}`, ...(output.match(/^(?:not run|different):.*/gm) ?? []))
    }
  } finally {
    if (isThere) await server.stop()
  }
  return { ok: true, output: '', note: notes.join('; '), ...(isThere ? {} : { notRun: server }) }
}

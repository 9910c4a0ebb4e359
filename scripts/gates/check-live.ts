import { bringRestate } from '../servers/bring-restate.ts'
import type { RunningServer } from '../servers/run-server.ts'
import { startGlewlwyd } from '../servers/start-glewlwyd.ts'
import { startKeycloak } from '../servers/start-keycloak.ts'
import { startOpenFga } from '../servers/start-open-fga.ts'
import { startSpring } from '../servers/start-spring.ts'
import type { Gate, Verdict } from './gate.ts'
import { countIn } from './run-suite.ts'
import { runTool } from './run-tool.ts'

/** The live suites against servers of others, each started for its own. */
export const liveGates: readonly Gate[] = [
  // The second name is that of OpenFGA's sample stores, which run where they are beside the clone.
  live('OpenFGA', startOpenFga, 'OPENFGA_URL', ['core/test/live', 'fga-engine/test/live'], ['openfga', 'sample']),
  live('Keycloak', () => startKeycloak(8180), 'KEYCLOAK_URL', ['core/test/live', 'mcp/test/live']),
  live('Glewlwyd', () => startGlewlwyd(4593), 'GLEWLWYD_URL'),
  live('Spring', () => startSpring(9000), 'SPRING_URL'),
  live('Restate', bringRestate, 'RESTATE_HOME', ['stores/test/restate']),
]

type Start = () => Promise<RunningServer | string>

/** Makes a live gate. Without a server, only the suites that need none run, and the gate counts as not run. */
function live(name: string, start: Start, variable: string, folders = ['core/test/live'], names = [name]): Gate {
  const run = async (): Promise<Verdict> => {
    const server = await start()
    const isThere = typeof server !== 'string'
    const env = isThere ? { [variable]: server.url } : {}
    const notes: string[] = []
    try {
      for (const folder of folders) {
        const config = `packages/${folder}/vitest.config.ts`
        const suites = names.map((each) => each.toLowerCase())
        const { code, output } = await runTool('vitest', ['run', '--config', config, ...suites], { env })
        const count = countIn(output) || 'nothing'
        // A suite without a passed test proves nothing.
        if (code !== 0 || (isThere && !count.includes('passed'))) return { ok: false, output: `${config}\n${output}` }
        notes.push(`${folder.split('/')[0]} ${count}`, ...[...output.matchAll(/^(?:not run|different):.*/gm)].flat())
      }
    } finally {
      if (isThere) await server.stop()
    }
    return { ok: true, output: '', note: notes.join('; '), ...(isThere ? {} : { notRun: server }) }
  }
  return { name: `live ${name}`, when: 'nightly', run }
}

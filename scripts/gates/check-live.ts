import type { RunningServer } from '../servers/run-server.ts'
import { startKeycloak } from '../servers/start-keycloak.ts'
import { startOpenFga } from '../servers/start-open-fga.ts'
import type { Verdict } from './gate.ts'
import { files } from './repository.ts'
import { runTool } from './run-tool.ts'

/** OpenFGA's sample stores where they are beside the clone, and everything once more against a real OpenFGA. */
export async function checkLiveOpenFga(): Promise<Verdict> {
  const configs = files(['packages/*/test/live/vitest.config.ts'])
  return await runLive(await startOpenFga(), 'OPENFGA_URL', configs, ['openfga', 'sample-stores'])
}

/** Logins, exchanges, roles and approvals against a real Keycloak. */
export async function checkLiveKeycloak(): Promise<Verdict> {
  const configs = ['packages/core/test/live/vitest.config.ts']
  return await runLive(await startKeycloak(8180), 'KEYCLOAK_URL', configs, ['keycloak'])
}

/** Runs the live suites. Without a server only those run that need none, and the gate counts as not run. */
async function runLive(
  server: RunningServer | string,
  variable: string,
  configs: readonly string[],
  names: readonly string[],
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
      const said = output.split('\n').filter((line) => /^not run:|^different:/.test(line))
      notes.push(`${config.split('/')[1]} ${count}`, ...said)
    }
  } finally {
    if (isThere) await server.stop()
  }
  return { ok: true, output: '', note: notes.join('; '), ...(isThere ? {} : { notRun: server }) }
}

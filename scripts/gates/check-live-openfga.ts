import { startOpenFga } from '../servers/start-open-fga.ts'
import type { Verdict } from './gate.ts'
import { files } from './repository.ts'
import { runTool } from './run-tool.ts'

/**
 * The live suites: OpenFGA's sample stores where they are beside the clone, and everything once more against a real
 * OpenFGA where one can be built. What cannot run is said, and is no failure.
 */
export async function checkLiveOpenFga(): Promise<Verdict> {
  const server = await startOpenFga()
  const missing = typeof server === 'string' ? [`not run: a real OpenFGA (${server})`] : []
  const env = typeof server === 'string' ? {} : { OPENFGA_URL: server.url }
  const notes: string[] = []
  try {
    for (const config of files(['packages/*/test/live/vitest.config.ts'])) {
      const { code, output } = await runTool('vitest', ['run', '--config', config], { env })
      if (code !== 0) return { ok: false, output: `${config}\n${output}` }
      missing.push(...output.split('\n').filter((line) => /^not run:|^different:/.test(line)))
      notes.push(`${config.split('/')[1]} ${/^ *Tests +(.*)/m.exec(output)?.[1]?.trim() ?? 'nothing'}`)
    }
  } finally {
    if (typeof server !== 'string') await server.stop()
  }
  for (const line of new Set(missing)) console.log(line)
  return { ok: true, output: '', note: notes.join('; ') }
}

import { runConsumers } from '../consumers/run-consumers.ts'
import { type Verdict, verdict } from './gate.ts'

/** The packages hold in projects outside of the workspace, installed by npm as the READMEs say. */
export async function checkConsumers(): Promise<Verdict> {
  const runs = await runConsumers()
  return verdict(
    runs.flatMap(({ what, problem }) => (problem === undefined ? [] : [`${what}\n${problem}`])),
    `${runs.length} programs hold`,
  )
}

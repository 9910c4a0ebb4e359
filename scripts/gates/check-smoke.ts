import { describeRuns, smokeOnEverything } from '../smoke/smoke-on-everything.ts'
import { type Verdict, verdict } from './gate.ts'

/** Core's main ways hold on every runtime that we claim; one that cannot be had here is named. */
export async function checkSmoke(): Promise<Verdict> {
  const runs = await smokeOnEverything()
  return verdict(describeRuns(runs.filter(({ state }) => state === 'failed')), describeRuns(runs).join('; '))
}

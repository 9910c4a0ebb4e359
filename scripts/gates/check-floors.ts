import { runOnFloors } from '../floors/run-on-floors.ts'
import type { Verdict } from './gate.ts'

/** The adapters hold on the oldest frameworks that they admit; on the newest they are tested with everything else. */
export async function checkFloors(): Promise<Verdict> {
  const { state, output, lines } = await runOnFloors()
  if (state === 'not run') return { ok: true, output: '', notRun: 'npm cannot be reached for the oldest frameworks' }
  return { ok: state === 'ok', output, note: lines.join('; ') }
}

import { runOnFloors } from '../floors/run-on-floors.ts'
import type { Verdict } from './gate.ts'

/** The adapters hold on the oldest frameworks that they admit; on the newest they are tested with everything else. */
export async function checkFloors(): Promise<Verdict> {
  const { state, output, lines } = await runOnFloors()
  if (state === 'not run') {
    const why = 'not run: the oldest frameworks (npm cannot be reached)'
    console.log(why)
    return { ok: true, output: '', note: why }
  }
  return { ok: state === 'ok', output, note: lines.join('; ') }
}

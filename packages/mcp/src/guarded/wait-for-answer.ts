import type { Guard, Identity, Interrupt } from '@behalf/core'
import { pause } from './pause.ts'

/**
 * Waits for a person's answer, at the pace that the question asks for.
 *
 * @returns Whether there is one, of whatever kind. `false` after the time is up, and where nothing can be known now.
 * @throws The signal's reason.
 */
export async function waitForAnswer(
  guard: Pick<Guard, 'approvals'>,
  interrupt: Interrupt,
  {
    identity,
    seconds,
    signal,
  }: { readonly identity: Identity; readonly seconds: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const end = performance.now() + seconds * 1000
  let interval = interrupt.interval ?? 5
  for (;;) {
    const left = end - performance.now()
    if (left <= 0) return false
    // A client has a limited number of rounds, so each one takes its whole time. A poll that is not due sends nothing.
    await pause(Math.min(interval * 1000, left), signal)
    try {
      const view = await guard.approvals.get(interrupt.id, { identity, signal })
      if (view?.state !== 'open') return true
      interval = view.interval ?? interval
    } catch (error) {
      if (signal.aborted) throw error
      return false
    }
  }
}

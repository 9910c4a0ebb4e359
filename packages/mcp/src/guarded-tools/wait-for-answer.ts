import type { Guard, Identity, Interrupt } from '@behalf/core'

/**
 * Waits for a person's answer, and polls at the question's interval.
 *
 * @returns Whether there is an answer, of any kind. `false` if the time is over, or if the guard cannot know now.
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
    // A client has a limited number of rounds, so each round takes its whole time. A poll before the interval has
    // passed sends nothing.
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

/**
 * Waits for a time, or until the signal aborts.
 *
 * @throws The signal's own reason.
 */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

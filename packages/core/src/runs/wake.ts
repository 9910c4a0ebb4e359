type Waiter = () => void

const waiters = new Map<string, Set<Waiter>>()

/**
 * Wakes the callers in this process that wait for this approval: a poll may find an answer now. Decides nothing, and
 * reaches no other process: those find the record due.
 */
export function wake(approvalId: string): void {
  for (const waiter of waiters.get(approvalId) ?? []) waiter()
}

/**
 * Waits until {@link wake} is called for this approval, the time is over, or the signal aborts.
 *
 * @throws The signal's own reason.
 */
export function untilWoken(approvalId: string, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const set = waiters.get(approvalId) ?? new Set<Waiter>()
    waiters.set(approvalId, set)
    const end = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      set.delete(onWake)
      if (set.size === 0) waiters.delete(approvalId)
      finish()
    }
    const onWake = () => end(resolve)
    const onAbort = () => end(() => reject(signal?.reason))
    const timer = setTimeout(onWake, milliseconds)
    set.add(onWake)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

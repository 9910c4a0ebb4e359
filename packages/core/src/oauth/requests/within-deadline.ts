import { TransportError } from '../../base/errors/index.ts'
import { orAborted } from '../../base/process/async.ts'

export interface Limits {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `work` under one deadline and the caller's signal.
 *
 * Rejects at once when either ends, even if the work ignores its signal, as an injected fetch may. An abort rejects
 * with the signal's own reason.
 */
export async function withinDeadline<T>(limits: Limits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, timeoutMs } = limits
  signal?.throwIfAborted()
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal?.reason)
  const timer = setTimeout(() => controller.abort(new TransportError(`no answer within ${timeoutMs} ms`)), timeoutMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  return orAborted(work(controller.signal), controller.signal).finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
}

import { TransportError } from '../../base/errors/index.ts'

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
export function withinDeadline<T>(limits: Limits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, timeoutMs } = limits
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController()
    const stop = (reason: unknown) => {
      reject(reason)
      controller.abort(reason)
    }
    const onAbort = () => stop(signal?.reason)
    const timer = setTimeout(() => stop(new TransportError(`no answer within ${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      })
  })
}

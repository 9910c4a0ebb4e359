import { forkScript, killChild } from './children.ts'
import type { Target } from './targets.ts'
import type { Order, Told } from './worker.ts'

/** A worker in a process of its own. */
export interface WorkerProcess {
  /** All that it told, in order. */
  readonly told: readonly Told[]
  send(message: Order | 'go'): void
  /** Waits until it has told so many things, or has ended. */
  heard(count: number): Promise<void>
  /** Waits until it is through with a job, so many times. @default 1 */
  through(job: string, times?: number): Promise<void>
  /** SIGKILL: it gets no chance to tidy up. */
  kill(): Promise<void>
}

export async function startWorker(target: Target): Promise<WorkerProcess> {
  const child = forkScript(new URL('./worker.ts', import.meta.url), [target])
  const told: Told[] = []
  const listeners = new Set<() => void>()
  const notify = () => {
    for (const listener of listeners) listener()
  }
  child.on('message', (message: Told) => {
    told.push(message)
    notify()
  })
  child.on('exit', notify)
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const listener = () => {
        if (!condition() && child.exitCode === null && child.signalCode === null) return
        listeners.delete(listener)
        resolve()
      }
      listeners.add(listener)
      listener()
    })
  await until(() => told.length > 0)
  if (told.length === 0) throw new Error('the worker did not start')
  told.length = 0
  return {
    told,
    send: (message) => void child.send(message),
    heard: (count) => until(() => told.length >= count),
    through: (job, times = 1) =>
      until(() => told.filter((one) => one.job === job && one.step === 'done').length >= times),
    kill: () => killChild(child),
  }
}

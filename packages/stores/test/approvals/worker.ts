import { flushCompileCache } from 'node:module'
import { hastened } from '../hastened-store.ts'
import { openTarget, type Target } from '../targets.ts'
import { guardOn, journal, live } from './guarded-world.ts'

/** What a process is to do, and when it is to die. */
export type Task =
  /** Dies by its own SIGKILL as soon as the store has taken its n-th write; `0`: in the body. */
  | { readonly kind: 'die'; readonly amount: number; readonly afterWrite: number }
  /** So many calls of one slot at once. */
  | { readonly kind: 'crowd'; readonly amount: number; readonly calls: number }

const [target, directory, task] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [
  Target,
  string,
  Task,
]
const { note } = journal(directory)
const dieNow = () => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => {})
}

// Now, since who is killed leaves nothing.
flushCompileCache()

let writes = 0
const store = await openTarget(target)
// The calls of a crowd end no lease early: on a busy machine, one of them may take longer than a hastened lease.
const guard = guardOn(task.kind === 'crowd' ? store : hastened(store), directory, async (isWrite, next) => {
  const answer = await next()
  if (isWrite && task.kind === 'die' && ++writes === task.afterWrite) await dieNow()
  return answer
})
const body = async () => {
  note('ran', `${task.amount}`)
  if (task.kind === 'die' && task.afterWrite === 0) await dieNow()
  return 'ran'
}
const calls = Array.from({ length: task.kind === 'crowd' ? task.calls : 1 }, () => live(guard, task.amount, body))
const outcomes = await Promise.all(calls)
process.send?.(outcomes.map((outcome) => (outcome.status === 'done' ? outcome.result : outcome.status)))
// Connections and timers are not waited for.
setTimeout(() => process.exit(0), 10)

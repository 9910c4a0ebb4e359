import { type RunState, stateOf } from '../../src/runs/run-state.ts'
import type { Sdk } from './bundle.ts'

/**
 * The next states of each one. To `completed` and `crashed`, a runner also moves a run that was considered dead, was
 * resolved as `did_not_run`, and has changed since.
 */
const next: Readonly<Record<RunState, string>> = {
  // Back to `requested`: the delivery expired, or its answer was lost, and the person is asked again (A7).
  requested: 'pending expired failed cancelled revoked completed crashed',
  pending: 'requested approved denied expired failed cancelled revoked completed crashed',
  // Back to `requested`: the approval does not fit the call any more (A11).
  approved: 'requested running expired cancelled revoked completed crashed',
  // Back to `approved`: the body had no effect, or never started. Back to `failed`: never started, and it was not sent.
  running: 'completed threw crashed approved failed',
  // `running`: `onCrash: 'retry'`, its own slot only. Else it did not run, or had no effect: back to what its question
  // implies.
  crashed: 'completed threw approved running requested denied failed',
  // Its caller had left when the write returned, and the result cannot be stored.
  completed: 'crashed',
  // The channel refused to send the question, so no person was asked. `running`: the call needs no question now.
  failed: 'requested running completed crashed',
  threw: 'completed crashed',
  denied: 'completed crashed',
  expired: 'completed crashed',
  cancelled: 'completed crashed',
  revoked: 'completed crashed',
}

/** A change of a run's state, by its name. */
const edge = (from: string, to: string): string => `edge: ${from} to ${to}`

/** Returns whether the SDK may write a change of a run's state. */
const mayBecome = (from: RunState, to: RunState): boolean => from === to || next[from].split(' ').includes(to)

/** All changes of a run's state that the SDK may write. The world counts which of them it reaches. */
export const edges = (): readonly string[] =>
  Object.entries(next).flatMap(([from, states]) => states.split(' ').map((to) => edge(from, to)))

/** Counts each change of a run's state that one process writes, and fails those that are not in the table. */
export function watchEdges({ RunStore }: Pick<Sdk, 'RunStore'>, saw: (what: string) => void): void {
  const { update } = RunStore.prototype
  RunStore.prototype.update = async function (entry, change) {
    let seen: string | undefined
    let isWrong = false
    const stored = await update.call(this, entry, (record) => {
      const wanted = change(record)
      if (wanted === undefined) return undefined
      const [from, to] = [stateOf(record), stateOf(wanted)]
      seen = from === to ? undefined : edge(from, to)
      isWrong = !mayBecome(from, to)
      return wanted
    })
    if (isWrong) throw new Error(`this may not be: ${seen}`)
    if (seen !== undefined) saw(seen)
    return stored
  }
}

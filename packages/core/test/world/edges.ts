import { mayBecome, type RunState } from '../../src/runs/record.ts'
import type { Sdk } from './bundle.ts'

const states: readonly RunState[] = [
  ...(['requested', 'pending', 'approved', 'running', 'completed', 'threw'] as const),
  ...(['crashed', 'denied', 'expired', 'failed', 'cancelled', 'revoked'] as const),
]

/** The table permits it, and no code writes it: a no is written where the question is known to be sent. */
const unwritten: readonly string[] = ['edge: requested to denied']

/** A change of a run's state, by its name. */
const edge = (from: string, to: string): string => `edge: ${from} to ${to}`

/**
 * The changes of a run's state that the SDK permits. They count what the world reaches, and judge nothing: the model
 * does not know them.
 */
export const edges = (): readonly string[] =>
  states
    .flatMap((from) => states.filter((to) => to !== from && mayBecome(from, to)).map((to) => edge(from, to)))
    .filter((name) => !unwritten.includes(name))

/** Counts each change of a run's state that one process writes. */
export function watchEdges({ RunStore }: Sdk, saw: (what: string) => void): void {
  const { update } = RunStore.prototype
  RunStore.prototype.update = async function (entry, change) {
    let seen: string | undefined
    const stored = await update.call(this, entry, (record) => {
      const wanted = change(record)
      seen = wanted === undefined || wanted.state === record.state ? undefined : edge(record.state, wanted.state)
      return wanted
    })
    if (seen !== undefined) saw(seen)
    return stored
  }
}

import type { Turn } from './agent.ts'

/** Returns the end of a turn in one word: `done`, `unavailable`, a deny code, the kind of interrupt, or `words`. */
export function endOf({ outcomes }: Turn): string {
  const outcome = outcomes.at(-1)
  if (outcome === undefined) return 'words'
  if (outcome.status === 'denied') return outcome.code
  return outcome.status === 'interrupted' ? outcome.interrupt.kind : outcome.status
}

/** Returns the result of the body, from this run or an earlier one. */
export function resultOf({ outcomes }: Turn): unknown {
  const outcome = outcomes.at(-1)
  return outcome?.status === 'done' ? outcome.result : undefined
}

/** Returns one field of the result. */
export function fieldOf(turn: Turn, field: string): unknown {
  const result = resultOf(turn)
  return typeof result === 'object' && result !== null ? (result as Record<string, unknown>)[field] : undefined
}

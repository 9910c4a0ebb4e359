import type { Turn } from './agent.ts'

/** How a turn ended, in one word: `done`, `unavailable`, a deny code, the kind of interrupt, or `words`. */
export function endOf({ outcomes }: Turn): string {
  const outcome = outcomes.at(-1)
  if (outcome === undefined) return 'words'
  if (outcome.status === 'denied') return outcome.code
  return outcome.status === 'interrupted' ? outcome.interrupt.kind : outcome.status
}

/** What the body gave, or gave before. */
export function resultOf({ outcomes }: Turn): unknown {
  const outcome = outcomes.at(-1)
  return outcome?.status === 'done' ? outcome.result : undefined
}

/** One field of it. */
export function fieldOf(turn: Turn, field: string): unknown {
  const result = resultOf(turn)
  return typeof result === 'object' && result !== null ? (result as Record<string, unknown>)[field] : undefined
}

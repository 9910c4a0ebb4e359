import type { Boot } from './bundle.ts'
import { type Ran, runSequence } from './run-sequence.ts'

/** What a search gave. */
export interface Searched {
  readonly sequences: number
  readonly milliseconds: number
  readonly seen: ReadonlyMap<string, number>
  readonly failed: readonly Ran[]
}

export interface SearchOptions {
  /** Begins the name of each seed. */
  readonly seed: string
  readonly milliseconds: number
  readonly sequences?: number
  /** Ends the search at so many failures. */
  readonly failures?: number
  /** Hears of each failure at once. */
  readonly onFailed?: (ran: Ran) => Promise<void>
}

/** Runs one seed after the other, until the time is over or enough has failed. */
export async function search(boot: Boot, options: SearchOptions): Promise<Searched> {
  const { seed, milliseconds, sequences: most = Number.POSITIVE_INFINITY, failures = 1, onFailed } = options
  const began = performance.now()
  const seen = new Map<string, number>()
  const failed: Ran[] = []
  let sequences = 0
  while (performance.now() - began < milliseconds && sequences < most && failed.length < failures) {
    const ran = await runSequence(boot, `${seed}.${sequences++}`)
    for (const [what, times] of ran.seen) seen.set(what, (seen.get(what) ?? 0) + times)
    if (ran.unjustified.length === 0) continue
    failed.push(ran)
    await onFailed?.(ran)
  }
  return { sequences, milliseconds: performance.now() - began, seen, failed }
}

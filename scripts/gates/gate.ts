/** What a gate found. */
export interface Verdict {
  readonly ok: boolean
  /** Shown when the gate fails: what is wrong, and what to do. */
  readonly output: string
  /** Shown behind the gate's name when it passes, such as a count. */
  readonly note?: string
}

/** One check of the repository. */
export interface Gate {
  readonly name: string
  /** Cheap, and worth knowing for whoever changes a line: part of `npm test`. The others are part of `npm run check`. */
  readonly quick?: true
  /** Gates whose work this one stands on; where one of them failed, this one fails without being run. */
  readonly needs?: readonly string[]
  readonly run: () => Verdict | Promise<Verdict>
}

/** A verdict from a list of problems: none is a pass. */
export function verdict(problems: readonly string[], note?: string): Verdict {
  const ok = problems.length === 0
  return { ok, output: problems.join('\n'), ...(ok && note !== undefined ? { note } : {}) }
}

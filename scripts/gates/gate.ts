/** Result of a gate. */
export interface Verdict {
  readonly ok: boolean
  /** Shown when the gate fails: what is wrong, and what to do. */
  readonly output: string
  /** Shown after the gate's name when it passes, such as a count. */
  readonly note?: string
  /** Program that this machine lacks, so that the gate could not run. In CI this is a failure, like a skipped test. */
  readonly notRun?: string
}

/** One check of the repository. */
export interface Gate {
  readonly name: string
  /**
   * `nightly`: it takes long, or needs another program. `release`: it checks what a release would publish. A release
   * also requires a green nightly run of the same commit.
   * @default 'daily'
   */
  readonly when?: 'daily' | 'nightly' | 'release'
  /** Fast, and useful after every change: part of `npm test`. The others are part of `npm run check`. */
  readonly quick?: true
  /** Gates whose output this one uses. It runs after them, and fails without a run if one of them failed. */
  readonly needs?: readonly string[]
  /** It measures time or drives a browser: no other gate runs beside it. */
  readonly alone?: true
  readonly run: () => Verdict | Promise<Verdict>
}

/** Makes a verdict from a list of problems. An empty list is a pass. */
export function verdict(problems: readonly string[], note?: string): Verdict {
  const ok = problems.length === 0
  return { ok, output: problems.join('\n'), ...(ok && note !== undefined ? { note } : {}) }
}

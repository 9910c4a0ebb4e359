/** What a gate found. */
export interface Verdict {
  readonly ok: boolean
  /** Shown when the gate fails: what is wrong, and what to do. */
  readonly output: string
  /** Shown behind the gate's name when it passes, such as a count. */
  readonly note?: string
  /** What this machine lacks, where the gate could not run for it. In CI that is a failure, as a skipped test is. */
  readonly notRun?: string
}

/** One check of the repository. */
export interface Gate {
  readonly name: string
  /**
   * `nightly`: it takes long, or needs another program; `release`: it says what a release would publish, which is refused
   * without a green nightly run of the same commit.
   * @default 'daily'
   */
  readonly when?: 'daily' | 'nightly' | 'release'
  /** Cheap, and useful after every change: part of `npm test`. The others are part of `npm run check`. */
  readonly quick?: true
  /** Gates whose work this one uses. It runs after them, and fails without being run where one of them failed. */
  readonly needs?: readonly string[]
  /** It measures time or drives a browser: no other gate runs beside it. */
  readonly alone?: true
  readonly run: () => Verdict | Promise<Verdict>
}

/** A verdict from a list of problems: none is a pass. */
export function verdict(problems: readonly string[], note?: string): Verdict {
  const ok = problems.length === 0
  return { ok, output: problems.join('\n'), ...(ok && note !== undefined ? { note } : {}) }
}

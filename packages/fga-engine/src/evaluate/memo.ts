import type { Outcome } from './outcome.ts'

interface Kept {
  readonly outcome: Outcome
  /** Number of steps below the relation that its evaluation needed. */
  readonly height: number
}

/** A relation that is being evaluated. */
export interface Open {
  readonly depth: number
  /** Number of earlier outcomes that depended on the path to them. */
  readonly dependent: number
  /** Depth of the evaluation around it. */
  readonly deepest: number
}

/** Counters that both sides of an evaluation share, one step after another. */
export interface Course {
  /** Cycles, errors and limits met so far. */
  dependent: number
  deepest: number
}

/**
 * Outcomes of one question, by `object#relation`.
 *
 * An outcome is kept only if no cycle, no error and no limit affected it: then it does not depend on the way to it. It
 * is reused only if a new evaluation would not be too deep. So the answer is the same as without it.
 */
export class Memo {
  readonly #kept = new Map<string, Kept>()
  readonly #course: Course

  constructor(course: Course) {
    this.#course = course
  }

  find(subject: string, depth: number, maxDepth: number): Outcome | undefined {
    const kept = this.#kept.get(subject)
    if (kept === undefined || depth + kept.height >= maxDepth) return undefined
    this.#course.deepest = Math.max(this.#course.deepest, depth + kept.height)
    return kept.outcome
  }

  open(depth: number): Open {
    const { dependent, deepest } = this.#course
    this.#course.deepest = depth
    return { depth, dependent, deepest }
  }

  close(subject: string, { depth, dependent, deepest }: Open, outcome: Outcome): void {
    const course = this.#course
    if (course.dependent === dependent) this.#kept.set(subject, { outcome, height: course.deepest - depth })
    course.deepest = Math.max(course.deepest, deepest)
  }
}

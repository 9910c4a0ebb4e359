import { test } from 'vitest'

/** One demand of a specification that this code base touches. Pure data. */
export interface Requirement {
  /** `<spec>-<section>-<word>`, such as `RFC8693-2.2.1-issued_token_type`. Unique in the repository. */
  readonly id: string
  /** Link to the clause. */
  readonly clause: string
  /**
   * The demand, in our words, beginning with MUST, MUST NOT, SHOULD or SHOULD NOT, as strong as the clause has it. What
   * the clause leaves open and we do not is marked: `(ours)`, or by the invariant that says so, such as `(I7)`.
   */
  readonly text: string
}

/** A test that proves a requirement. The gate fails on a requirement that no test cites. */
export function verifies(id: string, name: string, body: () => void | Promise<void>): void {
  test(`[${id}] ${name}`, body)
}

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

/**
 * Says what a test proves: a requirement of a specification, or an invariant by its letter and number, or several.
 *
 * With a body it registers the test. Without one it returns the title, for what is registered otherwise:
 * `test.each(rows)(verifies('I2', 'changes with the %s'), body)`. The gate `requirements` fails on a requirement and on an
 * invariant that no test cites.
 */
export function verifies(ids: string | readonly string[], name: string): string
/**
 * Registers the test under the title with its ids.
 *
 * @param body - The test. It passes where this does not throw or reject.
 */
export function verifies(ids: string | readonly string[], name: string, body: () => void | Promise<void>): void
export function verifies(
  ids: string | readonly string[],
  name: string,
  body?: () => void | Promise<void>,
): string | undefined {
  const title = `[${[ids].flat().join(', ')}] ${name}`
  if (body === undefined) return title
  test(title, body)
  return undefined
}

import { test } from 'vitest'

/** One requirement of a specification that this code base touches. Pure data. */
export interface Requirement {
  /** `<spec>-<section>-<word>`, such as `RFC8693-2.2.1-issued_token_type`. Unique in the repository. */
  readonly id: string
  /** Link to the clause. */
  readonly clause: string
  /**
   * Text of the requirement, in our words. It begins with MUST, MUST NOT, SHOULD or SHOULD NOT, as strong as the
   * clause. Our own additions are marked: `(ours)`, or with the invariant that requires them, such as `(I7)`.
   */
  readonly text: string
}

/**
 * Names what a test proves: a requirement of a specification, or an invariant by its letter and number, or several.
 *
 * With a body it registers the test. Without one it returns the title, for tests that are registered otherwise:
 * `test.each(rows)(verifies('I2', 'changes with the %s'), body)`. The gate `requirements` fails for a requirement or an
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

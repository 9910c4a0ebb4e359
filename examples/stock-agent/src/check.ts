import { isDeepStrictEqual } from 'node:util'

/** A value that differs from the expected one. */
export interface Mismatch {
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
}

/** Expectations of the demo. Continues after a mismatch, so that one run reports all of them. */
export class Checks {
  readonly #tell: (what: string, mismatch: Mismatch | undefined) => void
  readonly #mismatches: Mismatch[] = []
  #count = 0

  /** @param tell - Called with each check. */
  constructor(tell: (what: string, mismatch: Mismatch | undefined) => void) {
    this.#tell = tell
  }

  get count(): number {
    return this.#count
  }

  get mismatches(): readonly Mismatch[] {
    return this.#mismatches
  }

  equal(what: string, actual: unknown, expected: unknown): void {
    this.#count += 1
    const mismatch = isDeepStrictEqual(actual, expected) ? undefined : { what, expected, actual }
    if (mismatch !== undefined) this.#mismatches.push(mismatch)
    this.#tell(what, mismatch)
  }

  /** Records a part that failed before its end: its later checks were not made. */
  brokeOff(part: string, error: unknown): void {
    this.equal(
      `${part} runs to its end`,
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      'no error',
    )
  }
}

/**
 * Counts the secrets that a text shows. Also searches for the form of a JWT, so that it finds one that was never seen
 * on the wire.
 * @returns Their number, never the secrets.
 */
export function countLeaks(text: string, secrets: Iterable<string>): number {
  const shown = [...secrets].filter((secret) => text.includes(secret)).length
  return shown + (text.match(/eyJ[\w-]{8,}/g)?.length ?? 0)
}

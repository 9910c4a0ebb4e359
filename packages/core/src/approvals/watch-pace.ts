/** Looks of one issuer, spread over time: at most so many begin in a second. */
export class Pace {
  readonly #gapMs: number
  readonly #nextAt = new Map<string, number>()

  constructor(perSecond: number) {
    this.#gapMs = 1000 / perSecond
  }

  /**
   * Reserves the next free moment of an issuer.
   *
   * @param now - Milliseconds, of any clock that does not jump.
   * @returns milliseconds to wait until then
   */
  reserve(issuer: string, now: number): number {
    const at = Math.max(now, this.#nextAt.get(issuer) ?? 0)
    this.#nextAt.set(issuer, at + this.#gapMs)
    return at - now
  }

  /** How far ahead an issuer's moments are taken, in milliseconds. */
  backlog(issuer: string, now: number): number {
    return Math.max(0, (this.#nextAt.get(issuer) ?? 0) - now)
  }
}

import { SignInError } from '../sign-in/sign-in-error.ts'

/** Maximum number of renewals within the window: a server may refuse each new token at once. */
const MAX_RENEWALS = 20
const WINDOW_MS = 60_000

/**
 * Limits renewals. Some SDKs renew and retry as long as a server refuses, and a server may be hostile or wrongly
 * configured.
 */
export class RenewalLimit {
  /** Times at which tokens arrived, in epoch milliseconds. */
  #renewals: readonly number[] = []
  #hasBegun = false

  /** Counts new tokens. Renewals that ran at the same time count as one: the server did not refuse them one by one. */
  count(): void {
    if (this.#hasBegun) this.#renewals = [...this.#renewals, Date.now()]
    this.#hasBegun = false
  }

  /** Checks the limit before a renewal. @throws SignInError `too_many` */
  begin(): void {
    this.#hasBegun = true
    const now = Date.now()
    this.#renewals = this.#renewals.filter((at) => now - at < WINDOW_MS)
    if (this.#renewals.length < MAX_RENEWALS) return
    const often = `the server refused the tokens of ${MAX_RENEWALS} renewals in a minute`
    throw new SignInError('too_many', `${often}: none is renewed until then`)
  }
}

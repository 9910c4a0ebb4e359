import { SignInError } from './sign-in-error.ts'

/** Renewals within the window: a server that refuses each new token at once is not served for ever. */
const MAX_RENEWALS = 20
const WINDOW_MS = 60_000

/** Some SDKs renew and try again for as long as a server refuses: a hostile one, or one that is set up wrongly. */
export class RenewalLimit {
  /** When tokens came, epoch milliseconds. */
  #renewals: readonly number[] = []
  #hasBegun = false

  /** Tokens came. Those of renewals that were under way at the same time count as one: no server refused one by one. */
  count(): void {
    if (this.#hasBegun) this.#renewals = [...this.#renewals, Date.now()]
    this.#hasBegun = false
  }

  /** A renewal begins. @throws SignInError `too_many` */
  begin(): void {
    this.#hasBegun = true
    const now = Date.now()
    this.#renewals = this.#renewals.filter((at) => now - at < WINDOW_MS)
    if (this.#renewals.length < MAX_RENEWALS) return
    const often = `the server refused the tokens of ${MAX_RENEWALS} renewals in a minute`
    throw new SignInError('too_many', `${often}: none is renewed until then`)
  }
}

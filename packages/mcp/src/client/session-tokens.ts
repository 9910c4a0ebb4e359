import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import { sha256 } from './digest.ts'
import { RenewalLimit } from './renewal-limit.ts'
import type { SessionRecords } from './session-records.ts'

/** The owner's tokens, as this process hands them out and gives them up while others renew them. */
export class SessionTokens {
  readonly limit: RenewalLimit = new RenewalLimit()
  readonly #records: SessionRecords
  /** Hashes of access tokens that are in the store already, or must not come there: one for each answer to an SDK. */
  readonly #settled: string[] = []
  #handedOut: StoredOAuthTokens | undefined
  /** Refused refreshes whose tokens are dropped already, and of which the SDK will tell. */
  #dropped = 0

  constructor(records: SessionRecords) {
    this.#records = records
  }

  async read(): Promise<StoredOAuthTokens | undefined> {
    this.#handedOut = await this.#records.tokens()
    return this.#handedOut
  }

  /** Tokens of a sign-in, or what {@link refresh} answered with: that is in the store, or a newer one is. */
  async save(tokens: StoredOAuthTokens): Promise<void> {
    const at = this.#settled.indexOf(await sha256(tokens.access_token))
    if (at >= 0) return void this.#settled.splice(at, 1)
    this.limit.count()
    await this.#records.saveTokens(tokens)
  }

  /** Replaces the tokens that were refreshed, unless the user signed in or out in the meantime. */
  async renew(old: StoredOAuthTokens, tokens: StoredOAuthTokens): Promise<void> {
    this.limit.count()
    await this.#records.replaceTokens(old, tokens)
    await this.settle(tokens)
  }

  /** What is given to the SDK without being news. */
  async settle({ access_token: token }: StoredOAuthTokens): Promise<void> {
    this.#settled.push(await sha256(token))
  }

  /** The server refused these, and no others that came since. */
  async refused(tokens: StoredOAuthTokens): Promise<void> {
    this.#dropped++
    await this.#records.dropTokens(tokens)
  }

  /**
   * An SDK says that tokens are good for nothing, and not which. Where its request went through our fetch, they are
   * gone already; else it speaks of those it was handed last.
   */
  async invalidate(): Promise<void> {
    if (this.#dropped > 0) this.#dropped--
    else if (this.#handedOut !== undefined) await this.#records.dropTokens(this.#handedOut)
  }
}

import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import { sha256 } from './digest.ts'
import { RenewalLimit } from './renewal-limit.ts'
import type { KeptTokens, SessionRecords } from './session-records.ts'

/** The owner's tokens, as this process hands them out and gives them up while others renew them. */
export class SessionTokens {
  readonly limit: RenewalLimit = new RenewalLimit()
  readonly #records: SessionRecords
  readonly #since: string | undefined
  /** Hashes of access tokens that are in the store already, or must not come there: one for each answer to an SDK. */
  readonly #settled: string[] = []
  /** The refresh token that an SDK sent last, by whatever fetch. */
  #sent: string | undefined
  /** Refused refreshes whose tokens are dropped already, and of which the SDK will tell. */
  #dropped = 0

  /** @param since - `lastSignOut` when the sign-in came back that these are of. */
  constructor(records: SessionRecords, since?: string) {
    this.#records = records
    this.#since = since
  }

  /** Notes that an SDK is about to send this refresh token. */
  sends(refreshToken: string): void {
    this.#sent = refreshToken
  }

  /**
   * What an SDK got: by a sign-in, or by a refresh. That is in the store already, or a newer one is; where the SDK took no
   * fetch of ours, it takes the place of the tokens that it renews, and of no others.
   */
  async save(tokens: KeptTokens): Promise<void> {
    const at = this.#settled.indexOf(await sha256(tokens.access_token))
    if (at >= 0) return void this.#settled.splice(at, 1)
    if (this.#sent === undefined) return this.signIn(tokens)
    this.limit.count()
    const old = await this.#renewed()
    if (old !== undefined) await this.#records.replaceTokens(old, tokens)
  }

  /** Tokens that a person signed in for: they are the newest, unless the person signed out since. */
  async signIn(tokens: KeptTokens, since: string | undefined = this.#since): Promise<void> {
    this.limit.count()
    await this.#records.saveTokens(tokens, since)
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
   * gone already; else it speaks of those that it sent last.
   */
  async invalidate(): Promise<void> {
    if (this.#dropped > 0) return void this.#dropped--
    const old = await this.#renewed()
    if (old !== undefined) await this.#records.dropTokens(old)
  }

  /** What is stored, if an SDK sent it last to be renewed. Others may have come since. */
  async #renewed(): Promise<StoredOAuthTokens | undefined> {
    const stored = await this.#records.tokens()
    return this.#sent !== undefined && stored?.refresh_token === this.#sent ? stored : undefined
  }
}

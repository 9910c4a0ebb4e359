import type { Fetch } from '@behalf/core'
import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import { sha256 } from '../../base/digest.ts'
import { RenewalLimit } from './renewal-limit.ts'
import type { KeptTokens, SessionRecords } from './session-records.ts'
import { Refusal, StoredTokens } from './wire.ts'

/** The owner's tokens in this process. Other processes may renew them at the same time. */
export class SessionTokens {
  readonly limit: RenewalLimit = new RenewalLimit()
  readonly #records: SessionRecords
  readonly #since: string | undefined
  /**
   * Hashes of access tokens that must not be written to the store: they are there already, or are no longer valid. One
   * for each response that an SDK gets.
   */
  readonly #settled: string[] = []
  /** The refresh token that an SDK sent last, through any fetch. */
  #sent: string | undefined
  /** Number of refused refreshes whose tokens are deleted already. The SDK will report each one. */
  #dropped = 0

  /** @param since - Value of `lastSignOut` when the browser came back from the sign-in of these tokens. */
  constructor(records: SessionRecords, since?: string) {
    this.#records = records
    this.#since = since
  }

  /** Records that an SDK is about to send this refresh token. */
  sends(refreshToken: string): void {
    this.#sent = refreshToken
  }

  /**
   * Stores tokens that an SDK received by a sign-in or a refresh. After our own fetch, these or newer ones are stored
   * already. If the SDK used another fetch, they replace only the tokens that it renewed.
   */
  async save(tokens: KeptTokens): Promise<void> {
    const at = this.#settled.indexOf(await sha256(tokens.access_token))
    if (at >= 0) return void this.#settled.splice(at, 1)
    if (this.#sent === undefined) return this.signIn(tokens)
    this.limit.count()
    const old = await this.#renewed()
    if (old !== undefined) await this.#records.replaceTokens(old, tokens)
  }

  /** Stores the tokens of a sign-in. They are the newest, unless the user signed out since. */
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

  /** Marks tokens that the SDK gets and that must not be stored again. */
  async settle({ access_token: token }: StoredOAuthTokens): Promise<void> {
    this.#settled.push(await sha256(token))
  }

  /** Deletes tokens that the server refused. Newer tokens stay. */
  async refused(tokens: StoredOAuthTokens): Promise<void> {
    this.#dropped++
    await this.#records.dropTokens(tokens)
  }

  /**
   * Deletes tokens that an SDK reports as invalid, without naming them. If its request used our fetch, they are deleted
   * already. Else the SDK means those that it sent last.
   */
  async invalidate(): Promise<void> {
    if (this.#dropped > 0) return void this.#dropped--
    const old = await this.#renewed()
    if (old !== undefined) await this.#records.dropTokens(old)
  }

  /** Returns the stored tokens if an SDK sent them last for a refresh. Newer ones may have replaced them. */
  async #renewed(): Promise<StoredOAuthTokens | undefined> {
    const stored = await this.#records.tokens()
    return this.#sent !== undefined && stored?.refresh_token === this.#sent ? stored : undefined
  }
}

/** Errors after which a refresh token, its client or its key is never accepted again. */
const FINAL = ['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_dpop_proof']

/**
 * Returns the fetch for token endpoints. It sends one refresh at a time, across processes. A process that had to wait
 * takes the new tokens from the store as its response. So it never sends a rotated refresh token again, nor one of a
 * session that signed out.
 *
 * New tokens are stored, and refused ones deleted, before another process may refresh.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 | RFC 9700 §4.14.2}
 */
export function refreshingFetch(send: Fetch, records: SessionRecords, tokens: SessionTokens, timeoutMs: number): Fetch {
  return async (input, init) => {
    const refreshToken = refreshTokenOf(init)
    if (refreshToken === undefined) return send(input, init)
    // Twice the time of a request: one process may have to wait for another.
    const signal = AbortSignal.timeout(2 * timeoutMs)
    return records.refreshAlone(signal, async () => {
      const stored = await records.tokens()
      if (stored === undefined) return Response.json({ error: 'invalid_grant' }, { status: 400 })
      if (stored.refresh_token !== refreshToken) {
        const { issuer: _, signedOut: _mark, ...answer } = stored
        await tokens.settle(stored)
        return Response.json(answer)
      }
      const response = await send(input, init)
      await note(tokens, stored, response.clone())
      return response
    })
  }
}

async function note(tokens: SessionTokens, old: KeptTokens, response: Response): Promise<void> {
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) {
    const refusal = Refusal.safeParse(body)
    if (refusal.success && FINAL.includes(refusal.data.error)) await tokens.refused(old)
    return
  }
  const answer = StoredTokens.safeParse(body)
  if (!answer.success) return
  await tokens.renew(old, answer.data as StoredOAuthTokens)
}

/** Returns the refresh token of a request, if it is a refresh. */
function refreshTokenOf(init: RequestInit | undefined): string | undefined {
  if (init?.method?.toUpperCase() !== 'POST') return undefined
  const { body } = init
  const form = body instanceof URLSearchParams ? body : typeof body === 'string' ? new URLSearchParams(body) : undefined
  if (form?.get('grant_type') !== 'refresh_token') return undefined
  return form.get('refresh_token') ?? undefined
}

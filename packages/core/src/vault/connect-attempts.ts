import * as z from 'zod/mini'
import type { UserIdentity } from '../contract/index.ts'
import type { PresentUser } from '../identity/index.ts'
import { equalSecrets, isUnreadable, type KeyedHash, type Sealer } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import type { CompleteAnswer, CompleteRequest, ConnectRefusal } from './account-linker.ts'
import { type AccountOwner, accountOwner, decodeAs, encodeRecord, ownerSchema } from './account-record.ts'

/** How long a person may take at the provider. Seconds. */
export const ATTEMPT_SECONDS = 600

const text = z.string()

const schema = z.object({
  v: z.literal(1),
  owner: ownerSchema,
  sessionId: z.optional(text),
  /** Keyed hash of what the browser holds. */
  browser: text,
  connection: text,
  scopes: z.array(text),
  redirectUri: text,
  codeVerifier: text,
  nonce: text,
  /** A vendor's own name for the attempt. */
  authSession: z.optional(text),
  returnTo: z.optional(text),
  /** Epoch seconds. The store's own expiry can be edited by whoever writes to it. */
  expiresAt: z.optional(z.number()),
})

/** A connect flow under way, as it lies sealed in the store. */
export type Attempt = z.output<typeof schema>

export type ClaimedAttempt =
  | { readonly status: 'claimed'; readonly attempt: Attempt }
  | Extract<CompleteAnswer, { status: 'refused' }>

/**
 * Connect flows under way: each is bound to its user, session and browser, and can be ended once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7 | RFC 9700 §4.7}
 */
export class ConnectAttempts {
  readonly #store: Store
  readonly #sealer: Sealer
  readonly #hash: KeyedHash
  readonly #clock: Clock

  constructor(store: Store, sealer: Sealer, hash: KeyedHash, clock: Clock) {
    this.#store = store
    this.#sealer = sealer
    this.#hash = hash
    this.#clock = clock
  }

  /** @returns its `state`. */
  async begin(
    { identity }: PresentUser,
    browser: string,
    attempt: Omit<Attempt, 'v' | 'owner' | 'sessionId' | 'browser' | 'expiresAt'>,
    state: string,
  ): Promise<void> {
    const { sessionId } = identity
    const record: Attempt = {
      v: 1,
      owner: accountOwner(identity),
      ...(sessionId !== undefined && { sessionId }),
      browser: await this.#hash(`browser:${browser}`),
      ...attempt,
      expiresAt: this.#clock.now() / 1000 + ATTEMPT_SECONDS,
    }
    const key = await this.#key(state)
    const sealed = await this.#sealer.seal(key, encodeRecord(record))
    await this.#store.put(key, sealed, { ifVersion: null, expiresInSeconds: ATTEMPT_SECONDS })
  }

  /**
   * Takes an attempt out of the store, for whoever began it and for nobody else. An answer by somebody else leaves it
   * as it is: it is not theirs to end.
   */
  async claim(
    { identity }: PresentUser,
    { parameters, connection, browser = '' }: Omit<CompleteRequest, 'identity'>,
  ): Promise<ClaimedAttempt> {
    const state = parameters.getAll('state')
    const key = await this.#key(state[0] ?? '')
    // RFC 6749 §3.1: no parameter comes twice.
    const found = state.length === 1 ? await this.#store.get(key) : undefined
    if (found === undefined) return refuse('unknown_state', 'no connect flow waits for this answer')
    const attempt = await this.#opened(key, found.value)
    if (attempt === undefined)
      return refuse('unknown_state', 'this connect flow does not open: it has to be begun again')
    if (this.#clock.now() / 1000 >= (attempt.expiresAt ?? 0)) {
      return refuse('unknown_state', 'this connect flow is too old')
    }
    const stranger = await this.#strangerTo(attempt, identity, browser)
    if (stranger !== undefined) return stranger
    if (attempt.connection !== connection) {
      return refuse('other_issuer', 'the answer came to the redirect URI of another connection')
    }
    if ((await this.#store.delete(key, { ifVersion: found.version })) === 'conflict') {
      return refuse('unknown_state', 'this connect flow was ended by another request')
    }
    return { status: 'claimed', attempt }
  }

  /** `undefined` where it was damaged, or its key is gone. */
  async #opened(key: string, value: Uint8Array): Promise<Attempt | undefined> {
    try {
      return decodeAs(schema, await this.#sealer.open(key, value))
    } catch (error) {
      if (isUnreadable(error)) return undefined
      throw error
    }
  }

  async #strangerTo(
    attempt: Attempt,
    identity: UserIdentity,
    browser: string,
  ): Promise<Extract<CompleteAnswer, { status: 'refused' }> | undefined> {
    if (!sameOwner(attempt.owner, accountOwner(identity))) {
      return refuse('other_user', 'another user began this connect flow')
    }
    if (attempt.sessionId !== identity.sessionId) {
      return refuse('other_session', 'this connect flow was begun in another session')
    }
    if (!(await equalSecrets(attempt.browser, await this.#hash(`browser:${browser}`)))) {
      return refuse('other_browser', 'this connect flow was begun in another browser')
    }
    return undefined
  }

  async #key(state: string): Promise<string> {
    return `connect:${await this.#hash(`connect:${state}`)}`
  }
}

export function refuse(
  reason: ConnectRefusal,
  detail: string,
  returnTo?: string,
): Extract<CompleteAnswer, { status: 'refused' }> {
  return { status: 'refused', reason, detail, ...(returnTo !== undefined && { returnTo }) }
}

function sameOwner(left: AccountOwner, right: AccountOwner): boolean {
  return (
    left.issuer === right.issuer &&
    left.tenant === right.tenant &&
    left.subject === right.subject &&
    left.clientId === right.clientId
  )
}

import * as z from 'zod/mini'
import { isSamePrincipal, type UserIdentity } from '../../base/contract/index.ts'
import type { Clock } from '../../base/ports.ts'
import { equalSecrets, type KeyedHash } from '../../base/values/index.ts'
import type { PresentUser } from '../../identity/present-user.ts'
import { Collection, type OpenedStore } from '../../records/index.ts'
import { userOwnerSchema } from '../../records/stored-owner.ts'
import type { CompleteAnswer, CompleteRequest, ConnectProblem } from '../account-linker.ts'
import { accountOwner } from './account-record.ts'

/** Time that a person may take at the provider, in seconds. */
export const ATTEMPT_SECONDS = 600

const text = z.string()

const schema = z.object({
  v: z.literal(1),
  owner: userOwnerSchema,
  sessionId: z.optional(text),
  /** Keyed hash of the browser's cookie value. */
  browser: text,
  connection: text,
  /** The provider's issuer, and our client there. Absent: the vendor of `authSession` has them. */
  issuer: z.optional(text),
  clientId: z.optional(text),
  scopes: z.array(text),
  redirectUri: text,
  codeVerifier: text,
  nonce: text,
  /** A vendor's own name for the attempt. */
  authSession: z.optional(text),
  returnTo: z.optional(text),
  /**
   * Time of expiry, in epoch seconds. Sealed: a party that can write to the store can change the store's own expiry.
   */
  expiresAt: z.optional(z.number()),
})

/** A connect flow under way, as it is sealed in the store. */
export type ConnectAttempt = z.output<typeof schema>

export type ClaimedAttempt =
  | { readonly status: 'claimed'; readonly attempt: ConnectAttempt }
  | Extract<CompleteAnswer, { status: 'refused' }>

/**
 * Connect flows under way: each is bound to its user, session and browser, and can be completed once.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7 | RFC 9700 §4.7}
 */
export class ConnectAttempts {
  readonly #attempts: Collection<ConnectAttempt>
  readonly #hash: KeyedHash
  readonly #clock: Clock

  constructor(opened: OpenedStore, clock: Clock) {
    const ends = () => ({ expiresInSeconds: ATTEMPT_SECONDS })
    this.#attempts = new Collection<ConnectAttempt>(opened, { kind: 'connect', schema, ends })
    this.#hash = opened.hash
    this.#clock = clock
  }

  /** @returns its `state`. */
  async begin(
    { identity }: PresentUser,
    browser: string,
    attempt: Omit<ConnectAttempt, 'v' | 'owner' | 'sessionId' | 'browser' | 'expiresAt'>,
    state: string,
  ): Promise<void> {
    const { sessionId } = identity
    const record: ConnectAttempt = {
      v: 1,
      owner: accountOwner(identity),
      ...(sessionId !== undefined && { sessionId }),
      browser: await this.#hash(`browser:${browser}`),
      ...attempt,
      expiresAt: this.#clock.now() / 1000 + ATTEMPT_SECONDS,
    }
    await this.#attempts.create(await this.#attempts.keyOf(state), record, identity)
  }

  /**
   * Takes an attempt out of the store, for the user who began it only. An answer by another user does not change it.
   */
  async claim(
    { identity }: PresentUser,
    { parameters, connection, browser = '' }: Omit<CompleteRequest, 'identity'>,
  ): Promise<ClaimedAttempt> {
    const state = parameters.getAll('state')
    // RFC 6749 §3.1: no parameter may occur twice.
    const key = state.length === 1 ? await this.#attempts.keyOf(state[0] ?? '') : undefined
    const found = key === undefined ? undefined : await this.#attempts.find(key)
    if (found === undefined) return refuse('unknown_state', 'no connect flow waits for this answer')
    if ('unreadable' in found) {
      return refuse('unknown_state', 'this connect flow does not open: it has to be begun again')
    }
    const attempt = found.record
    if (this.#clock.now() / 1000 >= (attempt.expiresAt ?? 0)) {
      return refuse('unknown_state', 'this connect flow is too old')
    }
    const stranger = await this.#strangerTo(attempt, identity, browser)
    if (stranger !== undefined) return stranger
    if (attempt.connection !== connection) {
      return refuse('other_issuer', 'the answer arrived at the redirect URI of another connection')
    }
    if ((await this.#attempts.delete(found)) === 'conflict') {
      return refuse('unknown_state', 'this connect flow was ended by another request')
    }
    return { status: 'claimed', attempt }
  }

  async #strangerTo(
    attempt: ConnectAttempt,
    identity: UserIdentity,
    browser: string,
  ): Promise<Extract<CompleteAnswer, { status: 'refused' }> | undefined> {
    if (!isSamePrincipal(attempt.owner, accountOwner(identity)) || attempt.owner.clientId !== identity.clientId) {
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
}

export function refuse(
  reason: ConnectProblem,
  detail: string,
  returnTo?: string,
): Extract<CompleteAnswer, { status: 'refused' }> {
  return { status: 'refused', reason, detail, ...(returnTo !== undefined && { returnTo }) }
}

import * as z from 'zod/mini'
import type { Approver, Identity } from '../contract/index.ts'
import { StoreError } from '../errors/index.ts'
import { SingleFlight } from '../lib/index.ts'
import type { Ledger } from './ledger.ts'

/** Whose access ended: a subject with all sessions, a session, or a delegation of a subject. */
export interface Revoked {
  readonly issuer: string
  readonly tenant?: string
  readonly subject?: string
  readonly session?: string
  readonly delegation?: string
}

/** A revocation is remembered this long: no proof of an identity lives longer. Seconds. */
const REMEMBERED_SECONDS = 30 * 24 * 3600

/** Writers' clocks may differ by so much, and none of their revocations is missed. Milliseconds. */
const OVERLAP_MS = 10 * 60 * 1000

const INDEX = 'revoked'

const text = z.string()
const stored = z.object({
  v: z.literal(1),
  issuer: text,
  tenant: z.optional(text),
  subject: z.optional(text),
  session: z.optional(text),
  delegation: z.optional(text),
  at: z.number(),
})

/**
 * Who may do nothing any more with a proof from before (I9): read from the store at most every so many seconds,
 * and always before a claim.
 *
 * Written in the order of time, so that a reader asks for the newest only. What cannot be read lets nobody pass.
 */
export class Revocations {
  readonly #ledger: Ledger
  readonly #everyMs: number
  readonly #flight = new SingleFlight<void>()
  /** By whom they are for: when, in epoch seconds. */
  readonly #ends = new Map<string, number>()
  /** Epoch milliseconds. */
  #readAt = Number.NEGATIVE_INFINITY
  /** Epoch milliseconds of the newest that was read. */
  #newest = 0

  constructor(ledger: Ledger, everySeconds: number) {
    this.#ledger = ledger
    this.#everyMs = everySeconds * 1000
  }

  /** @param now - Epoch milliseconds. */
  isFresh(now: number): boolean {
    const age = now - this.#readAt
    return age >= 0 && age < this.#everyMs
  }

  /** Reads what is new; shared by all who wait for it. @throws StoreError Nothing is known. */
  refresh(now: number): Promise<void> {
    return this.isFresh(now) ? Promise.resolve() : this.#flight.run('read', () => this.read(now))
  }

  /** Reads what is new, now. */
  async read(now: number): Promise<void> {
    for await (const { key, value } of this.#ledger.values.list(INDEX, this.#after)) {
      this.#take(value)
      // By the writers' own times: the clock of this process has no part in it.
      this.#newest = Math.max(this.#newest, Number(key.split(':')[1]))
    }
    this.#readAt = now
    const forgotten = now / 1000 - REMEMBERED_SECONDS
    for (const [who, at] of this.#ends) if (at < forgotten) this.#ends.delete(who)
  }

  async add(revoked: Revoked, now: number): Promise<void> {
    const value = { v: 1, ...revoked, at: now / 1000 }
    await this.#ledger.values.put(keyOf(now, crypto.randomUUID()), value, {
      seconds: REMEMBERED_SECONDS,
      index: INDEX,
    })
    this.#take(value)
  }

  get #after(): string {
    return keyOf(this.#newest - OVERLAP_MS, '')
  }

  /** Whether this person's access was ended at or after a time, in epoch seconds. Asks the store. */
  async isRevokedSince({ issuer, tenant, subject }: Approver, since: number): Promise<boolean> {
    await this.read(this.#ledger.now() * 1000)
    return (this.#ends.get(nameOf({ issuer, tenant, subject })) ?? Number.NEGATIVE_INFINITY) >= since
  }

  /** Whether this identity was proven before its access ended. */
  has(identity: Identity): boolean {
    if (this.#ends.size === 0 || identity.kind !== 'user') return false
    const { issuer, tenant, subject, sessionId, delegationId: delegation } = identity
    const provenAt = typeof identity.claims.iat === 'number' ? identity.claims.iat : (identity.authTime ?? 0)
    const ofSubject = this.#ends.get(nameOf({ issuer, tenant, subject }))
    if (ofSubject !== undefined && provenAt <= ofSubject) return true
    if (delegation !== undefined && this.#ends.has(nameOf({ issuer, tenant, subject, delegation }))) return true
    // A session that ended does not begin again under its name.
    return (
      sessionId !== undefined &&
      (this.#ends.has(nameOf({ issuer, tenant, subject, session: sessionId })) ||
        this.#ends.has(nameOf({ issuer, tenant, session: sessionId })))
    )
  }

  #take(value: unknown): void {
    const parsed = stored.safeParse(value)
    if (!parsed.success) throw new StoreError('unknown_version', 'a stored revocation has an unknown form')
    const { at, ...who } = parsed.data
    const name = nameOf(who)
    this.#ends.set(name, Math.max(at, this.#ends.get(name) ?? 0))
  }
}

/** In the order of time. */
const keyOf = (milliseconds: number, unique: string): string =>
  `revoked:${String(Math.max(0, Math.floor(milliseconds))).padStart(16, '0')}:${unique}`

const nameOf = (revoked: { [Key in keyof Revoked]: Revoked[Key] | undefined }): string => {
  const { issuer, tenant, subject, session, delegation } = revoked
  return JSON.stringify([issuer, tenant ?? null, subject ?? null, session ?? null, delegation ?? null])
}

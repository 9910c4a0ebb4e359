import type { Identity, Principal, UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Store } from '../../base/ports/index.ts'
import { SingleFlight } from '../../base/process/async.ts'
import { Collection, type OpenedStore } from '../../base/records/index.ts'
import { provenAtOf } from './proven-at.ts'
import { KEPT_SECONDS, RevocationLog } from './revocation-log.ts'
import {
  concerns,
  mergeRevoked,
  type Name,
  nameOf,
  namesOf,
  type Revoked,
  type RevokedAt,
  type RevokedName,
  revokedName,
} from './revoked.ts'

/** Maximum lifetime of a delegation or a session: a revocation is kept longer. 366 days, in seconds. */
const MAX_GRANT_SECONDS = 366 * 24 * 3600

/** Time for which the record of a name is kept, in seconds: a day longer than any grant that it may end. */
const REMEMBERED_SECONDS = MAX_GRANT_SECONDS + 24 * 3600

/** Maximum difference between the clocks of issuers and of revoking processes, in seconds. */
const SKEW_SECONDS = 30

/** Reason why a proof no longer counts. */
export interface RevokedProof {
  /** Kind of the revoked name. */
  readonly name: Name['kind']
  /** True if only a login after the revocation helps: the proof says when its user last authenticated. */
  readonly needsLogin: boolean
  /** Time after which a new proof can be distinguished from one made before the revocation, in seconds. */
  readonly retryAfter?: number
}

/**
 * Revoked access (I9, I11).
 *
 * Each revoked name has one record, which is read before a claim and before anything durable is written. The warm path
 * uses the log, which is read at a minimum interval. If neither can be read, no proof counts.
 */
export class Revocations {
  readonly #store: Store
  readonly #names: Collection<RevokedName>
  readonly #log: RevocationLog
  readonly #everyMs: number
  readonly #flight = new SingleFlight<void>()
  /** Revocations of the log and of the names, by name. */
  readonly #known: Readonly<Record<Name['kind'], Map<string, readonly RevokedAt[]>>> = {
    subject: new Map(),
    session: new Map(),
    delegation: new Map(),
  }
  /** Identities whose names were read. While the log is read, it contains each revocation since then. */
  #namesRead = new WeakSet<Identity>()
  /** Time of the newest known revocation, in epoch seconds: the log may have ended 30 days before it. */
  #newest = 0
  /** Time of the last read of the log, if any: in epoch milliseconds, and in milliseconds of a monotonic clock. */
  #readAt = { clock: Number.NaN, elapsed: 0 }

  /** @param everySeconds - Time for which the log's content may be used. */
  constructor(opened: OpenedStore, everySeconds = 5) {
    this.#store = opened.store
    this.#names = new Collection<RevokedName>(opened, {
      kind: 'revoked',
      schema: revokedName,
      ends: () => ({ expiresInSeconds: REMEMBERED_SECONDS }),
    })
    this.#everyMs = everySeconds * 1000
    this.#log = new RevocationLog(opened, (revoked) => this.#take(revoked))
  }

  /** Returns whether this process knows all revocations in force for an identity. @param now - Epoch milliseconds. */
  isFresh(now: number, identity?: Identity): boolean {
    return this.#wasRead(now) && this.#isInLog(identity, now)
  }

  /**
   * Returns whether the log is sufficient for an identity. The log covers 30 days, so the names of an older proof are
   * read once. The names of a session are read too: it stays revoked, however new its token is.
   */
  #isInLog(identity: Identity | undefined, now: number): boolean {
    if (!this.#log.isWhole) return false
    if (identity?.kind !== 'user' || this.#namesRead.has(identity)) return true
    if (identity.sessionId !== undefined && this.#log.isShortened) return false
    const provenAt = provenAtOf(identity) ?? 0
    // A time in the future proves nothing, however old the proof is.
    return Math.abs(provenAt - now / 1000) < KEPT_SECONDS && provenAt > this.#newest - KEPT_SECONDS
  }

  /**
   * Reads new entries of the log, once for all callers that wait. If entries were deleted or cannot be opened, or if
   * the proof is older than the log, also reads the names of the identity.
   *
   * @throws StoreError Revocations could not be read.
   */
  async refresh(now: number, identity: Identity | undefined): Promise<void> {
    await this.#refreshLog(now)
    if (!this.#isInLog(identity, now)) await this.findNow(identity, now)
  }

  async #refreshLog(now: number): Promise<void> {
    if (!this.#wasRead(now)) await this.#flight.run('read', () => this.read(now))
  }

  #wasRead(now: number, withinMs = this.#everyMs): boolean {
    const { clock, elapsed } = this.#readAt
    // A clock that was set back does not make an old read recent.
    return now >= clock && Math.max(now - clock, performance.now() - elapsed) < withinMs
  }

  /** Reads the new entries of the log now. */
  async read(now: number): Promise<void> {
    const elapsed = performance.now()
    await this.#log.read(now / 1000)
    // The log may have removed entries that this process did not read: it lacks some, or half its length has passed.
    if (!(this.#log.isWhole && this.#wasRead(now, KEPT_SECONDS * 500))) this.#namesRead = new WeakSet()
    this.#readAt = { clock: now, elapsed }
  }

  /**
   * Ends the access of a name: at once for readers of the name, and for others when they next read the log. The time of
   * the revocation is that of the store or of this process, whichever is later: a slow clock must not let older proofs
   * pass.
   * @param now - Epoch milliseconds.
   */
  async add(revoked: Revoked, now: number): Promise<void> {
    const name = nameOf(revoked)
    const key = await this.#keyOf(name)
    const clocks = [await this.#store.now(), now / 1000]
    const at = Math.max(...clocks)
    const added = { ...revoked, at }
    // A record that cannot be opened hides its names. So all principals with the name count as revoked.
    const instead: RevokedName = { v: 1, revoked: [{ issuer: name.issuer, [name.kind]: name.id, at }] }
    const merged = (now?: RevokedName): RevokedName => ({ v: 1, revoked: mergeRevoked(now?.revoked ?? [], added) })
    await this.#names.change(key, merged, { instead })
    this.#take(added)
    // The earlier of the two: a clock that is ahead must not take entries of others for expired.
    await this.#log.append(added, Math.min(...clocks))
  }

  /** Checks a proof against the revocations that this process has read. @param now - Epoch milliseconds. */
  find(identity: Identity, now: number): RevokedProof | undefined {
    if (identity.kind !== 'user') return undefined
    for (const name of namesOf(identity)) {
      const found = judged(identity, name, this.#known[name.kind].get(name.id), now)
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Checks a proof against its names in the store: before a claim, and before any durable write. Reads the log too if
   * that is due: a party that deleted the record of a name has not deleted the log.
   * @throws StoreError Revocations could not be read.
   */
  async findNow(identity: Identity | undefined, now: number): Promise<RevokedProof | undefined> {
    if (identity?.kind !== 'user') return undefined
    await this.#readNow(namesOf(identity), now)
    this.#namesRead.add(identity)
    return this.find(identity, now)
  }

  /**
   * Returns whether the access of a principal's subject ended at a time or later. Reads as {@link findNow} does.
   * @param at - Epoch seconds.
   * @param now - Epoch milliseconds.
   * @throws StoreError Nothing is known.
   */
  async isRevokedSince({ issuer, tenant, subject }: Principal, at: number, now: number): Promise<boolean> {
    await this.#readNow([{ kind: 'subject', issuer, id: subject }], now)
    const revoked = this.#known.subject.get(subject) ?? []
    // A person who is named without a tenant may be of any tenant.
    return revoked.some((each) => each.at >= at && concerns(each, { issuer, tenant: tenant ?? each.tenant, subject }))
  }

  async #readNow(names: readonly Name[], now: number): Promise<void> {
    const [found] = await Promise.all([Promise.all(names.map((name) => this.#readName(name))), this.#refreshLog(now)])
    for (const revoked of found.flat()) this.#take(revoked)
  }

  async #readName(name: Name): Promise<readonly RevokedAt[]> {
    return (await this.#names.get(await this.#keyOf(name)))?.record.revoked ?? []
  }

  #keyOf({ kind, issuer, id }: Name): Promise<string> {
    return this.#names.keyOf(kind, issuer, id)
  }

  #take(revoked: RevokedAt): void {
    const { kind, id } = nameOf(revoked)
    const known = this.#known[kind]
    known.set(id, mergeRevoked(known.get(id) ?? [], revoked))
    this.#newest = Math.max(this.#newest, revoked.at)
  }
}

function judged(
  identity: UserIdentity,
  { kind: name, issuer, id, isActor }: Name,
  revoked: readonly RevokedAt[] | undefined,
  now: number,
): RevokedProof | undefined {
  const found = revoked?.filter((each) => concerns(each, isActor ? { ...each, issuer, subject: id } : identity))
  if (!found?.length) return undefined
  // A session or a delegation that ended does not begin again under its name: no time is compared.
  if (name !== 'subject') return { name, needsLogin: false }
  const until = Math.max(...found.map(({ at }) => at)) + SKEW_SECONDS
  const provenAt = provenAtOf(identity)
  // A time in the future proves nothing, such as one in milliseconds.
  if (provenAt !== undefined && provenAt > until && provenAt <= now / 1000 + SKEW_SECONDS) return undefined
  const isLogin = identity.authTime !== undefined && identity.delegationId === undefined
  const left = until - now / 1000
  return { name, needsLogin: isLogin, ...(left > 0 && { retryAfter: Math.ceil(left) }) }
}

/** @throws ConfigurationError A grant would outlive the revocations that may end it. */
export function checkLifetime(option: string, seconds: number): void {
  if (seconds <= MAX_GRANT_SECONDS) return
  throw new ConfigurationError(
    option,
    `lasts ${Math.ceil(seconds)} seconds, and at most ${MAX_GRANT_SECONDS} (366 days) are possible: give an earlier end`,
  )
}

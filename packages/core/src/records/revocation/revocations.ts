import * as z from 'zod/mini'
import type { Identity, Principal, UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Store } from '../../base/ports.ts'
import { type Eventually, SingleFlight } from '../../base/process/async.ts'
import { Collection, type OpenedStore } from '../index.ts'
import {
  concerns,
  mergeRevoked,
  type Name,
  nameOf,
  namesOf,
  provenAtOf,
  type Revoked,
  type RevokedAt,
  revokedAt,
} from './revoked.ts'

/** Maximum lifetime of a delegation or a session: a revocation is kept longer. 366 days, in seconds. */
const MAX_GRANT_SECONDS = 366 * 24 * 3600

/** Time for which the record of a name is kept, in seconds: a day longer than any grant that it may end. */
const REMEMBERED_SECONDS = MAX_GRANT_SECONDS + 24 * 3600

/** Maximum difference between the clocks of issuers and of revoking processes, in seconds. */
const SKEW_SECONDS = 30

/**
 * Maximum time for which a name counts as it was read, in milliseconds. A process may die between the two writes of a
 * revocation, and then the generation says nothing of it.
 */
const NAME_MS = 60_000

/** Maximum number of names in memory that were read. */
const MAX_NAMES = 10_000

/** Maximum number of other names in memory with the same id, such as of subjects of other issuers. */
const MAX_ISSUERS = 10

const revokedName = z.object({ v: z.literal(1), revoked: z.array(revokedAt) })
/** The generation is the version of this record. */
const generation = z.object({ v: z.literal(1) })

/** Time at which a read began. */
interface ReadAt {
  /** Epoch milliseconds. */
  readonly clock: number
  /** Milliseconds of a monotonic clock. */
  readonly elapsed: number
  /** Number of changes of the generation that this process had seen. */
  readonly epoch: number
}

/** Revocations of a name, as this process read them. */
type KnownName = Omit<Name, 'id'> & ReadAt & { readonly revoked: readonly RevokedAt[] }
type Generation = ReadAt & { readonly version: string | undefined }

/** What all parts of the process know of the revocations in a store. */
interface Shared {
  /** Names in the order of their reads, by their id alone: a longer key would cost each call the time of its hash. */
  readonly known: Map<string, readonly KnownName[]>
  generation?: Generation
  /** Revocations that the store refused, and those that are being written. None is forgotten. */
  readonly unstored: Map<string, readonly RevokedAt[]>
}

const sharedIn = new WeakMap<Store, Shared>()

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
 * Each revoked name has one record, and all names share one generation. A revocation writes the name, and then a new
 * generation. While the generation is unchanged, names count as this process read them. If either cannot be read, no
 * proof counts.
 */
export class Revocations {
  readonly #store: Store
  readonly #names: Collection<z.infer<typeof revokedName>>
  readonly #generations: Collection<z.infer<typeof generation>>
  readonly #everyMs: number
  readonly #flight = new SingleFlight<void>()
  readonly #shared: Shared

  /** @param everySeconds - Time for which the generation counts as it was read. */
  constructor(opened: OpenedStore, everySeconds = 5) {
    const ends = () => ({ expiresInSeconds: REMEMBERED_SECONDS })
    this.#store = opened.store
    this.#names = new Collection(opened, { kind: 'revoked', schema: revokedName, ends })
    this.#generations = new Collection(opened, { kind: 'revoked-generation', schema: generation, ends })
    this.#everyMs = everySeconds * 1000
    this.#shared = sharedIn.get(this.#store) ?? { known: new Map(), unstored: new Map() }
    sharedIn.set(this.#store, this.#shared)
  }

  /**
   * Ends the access of a name: in this process at once, even if the store refuses the write; elsewhere at the next read
   * of the name or the generation. The time of the revocation is that of the store or of this process, whichever is
   * later: a slow clock must not let older proofs pass.
   * @param now - Epoch milliseconds.
   * @throws StoreError Other processes do not know it: revoke again.
   */
  async add(revoked: Revoked, now: number): Promise<void> {
    const name = nameOf(revoked)
    const { kind, issuer, id } = name
    const key = keyOf(name)
    const { unstored } = this.#shared
    const pin = (at: number) => {
      const pinned = mergeRevoked(unstored.get(key) ?? [], { ...revoked, at })
      unstored.set(key, pinned)
      return pinned
    }
    pin(now / 1000)
    const at = Math.max(await this.#store.now(), now / 1000)
    const pinned = pin(at)
    // A record that cannot be opened hides its names. So all principals with the name count as revoked.
    const instead = recordOf([{ issuer, [kind]: id, at }])
    const merged = (now = recordOf([])) => recordOf(pinned.reduce(mergeRevoked, now.revoked))
    // Shares of their own: users who filled theirs can still be revoked. Sessions that name no user have one together.
    const owner = { ...revoked, issuer: `revoked ${kind} ${issuer}`, subject: revoked.subject ?? '' }
    await this.#names.change(await this.#names.keyOf(kind, issuer, id), merged, { instead, owner })
    const place = await this.#generations.keyOf()
    const ifVersion = (await this.#generations.find(place))?.version ?? null
    // A conflict serves as well: another revocation replaced the generation after this name was written.
    await this.#generations.put(place, { v: 1 }, { ifVersion, owner })
    // The next call reads the name again.
    this.#learn(name, pinned, { ...this.#readAt(now), epoch: -1 })
    if (unstored.get(key) === pinned) unstored.delete(key)
  }

  /**
   * Checks a proof against its names. Reads the generation where that is due, and names that this process does not
   * know. Synchronous if it knows that none is revoked.
   * @param now - Epoch milliseconds.
   * @throws StoreError The generation or a name could not be read.
   */
  find(identity: Identity, now: number): Eventually<RevokedProof | undefined> {
    if (identity.kind !== 'user') return undefined
    const at = this.#readAt(now)
    const isClear = (name: Name) => {
      const known = this.#currentOf(name, at)
      return known !== undefined && this.#allOf(name, known).length === 0
    }
    return this.#isCurrent(at) && namesOf(identity).every(isClear)
      ? undefined
      : this.#refresh(at).then(() => this.#check(identity, now, false))
  }

  /**
   * Checks a proof against its names in the store: before a claim, and before any durable write.
   * @throws StoreError A name could not be read.
   */
  async findNow(identity: Identity, now: number): Promise<RevokedProof | undefined> {
    return identity.kind === 'user' ? this.#check(identity, now, true) : undefined
  }

  /**
   * Returns whether the access of a principal's subject ended at a time or later. Reads as {@link findNow} does.
   * @param at - Epoch seconds.
   * @param now - Epoch milliseconds.
   * @throws StoreError The name could not be read.
   */
  async isRevokedSince({ issuer, tenant, subject }: Principal, at: number, now: number): Promise<boolean> {
    const name: Name = { kind: 'subject', issuer, id: subject }
    const revoked = this.#allOf(name, await this.#read(name, this.#readAt(now)))
    // A person who is named without a tenant may be of any tenant.
    return revoked.some((each) => each.at >= at && concerns(each, { issuer, tenant: tenant ?? each.tenant, subject }))
  }

  async #check(identity: UserIdentity, now: number, isNow: boolean): Promise<RevokedProof | undefined> {
    const at = this.#readAt(now)
    const names = namesOf(identity)
    const read = (name: Name) => (isNow ? undefined : this.#currentOf(name, at)) ?? this.#read(name, at)
    const known = await Promise.all(names.map(read))
    for (const [index, name] of names.entries()) {
      const found = judged(identity, name, this.#allOf(name, known[index] as KnownName), now)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Reads the generation if that is due: all calls that wait for it at once, in one flight. */
  async #refresh(at: ReadAt): Promise<void> {
    let isOwn = false
    const read = async () => {
      isOwn = true
      const version = (await this.#generations.find(await this.#generations.keyOf()))?.version
      const { epoch = 0, version: before } = this.#shared.generation ?? {}
      this.#shared.generation = { ...at, version, epoch: version === before ? epoch : epoch + 1 }
    }
    if (!this.#isCurrent(at)) await this.#flight.run('', read)
    // A flight that another call began too long ago says nothing about this one.
    if (!isOwn && !this.#isCurrent(at)) await read()
  }

  #isCurrent(at: ReadAt): boolean {
    return isRecent(this.#shared.generation, at, this.#everyMs)
  }

  #knownOf({ kind, issuer, id }: Name): KnownName | undefined {
    return this.#shared.known.get(id)?.find((other) => other.kind === kind && other.issuer === issuer)
  }

  /** Returns what this process knows of a name, unless it must be read again. */
  #currentOf(name: Name, at: ReadAt): KnownName | undefined {
    const known = this.#knownOf(name)
    return known?.epoch === at.epoch && isRecent(known, at, NAME_MS) ? known : undefined
  }

  async #read(name: Name, at: ReadAt): Promise<KnownName> {
    const found = await this.#names.get(await this.#names.keyOf(name.kind, name.issuer, name.id))
    return this.#learn(name, found?.record.revoked ?? [], at)
  }

  /** Adds to what is known of a name. A record that is absent takes nothing away: it may have been deleted. */
  #learn(name: Name, read: readonly RevokedAt[], at: ReadAt): KnownName {
    const { kind, issuer, id } = name
    const { known } = this.#shared
    const before = this.#knownOf(name)
    const learned = { kind, issuer, ...at, revoked: read.reduce(mergeRevoked, before?.revoked ?? []) }
    const others = known.get(id)?.filter((each) => each !== before) ?? []
    known.delete(id)
    known.set(id, [learned, ...others.slice(0, MAX_ISSUERS)])
    if (known.size > MAX_NAMES) known.delete(known.keys().next().value as string)
    return learned
  }

  /** Returns the revocations of a name, with those that are not yet stored. */
  #allOf(name: Name, { revoked }: KnownName): readonly RevokedAt[] {
    const { unstored } = this.#shared
    return unstored.size === 0 ? revoked : [...revoked, ...(unstored.get(keyOf(name)) ?? [])]
  }

  /** Returns the present time, for a read that begins now. */
  #readAt(now: number): ReadAt {
    return { clock: now, elapsed: performance.now(), epoch: this.#shared.generation?.epoch ?? 0 }
  }
}

const recordOf = (revoked: RevokedAt[]) => ({ v: 1 as const, revoked })

/** Returns whether a read is not too old. A clock that was set back does not make an old read recent. */
const isRecent = (read: ReadAt | undefined, { clock, elapsed }: ReadAt, withinMs: number): boolean =>
  read !== undefined && clock >= read.clock && Math.max(clock - read.clock, elapsed - read.elapsed) < withinMs

/** Returns the key of a name in memory. No other name has it. */
const keyOf = ({ kind, issuer, id }: Name): string => `${kind} ${issuer.length} ${issuer}${id}`

function judged(
  identity: UserIdentity,
  { kind: name, issuer, id, isActor }: Name,
  revoked: readonly RevokedAt[],
  now: number,
): RevokedProof | undefined {
  const found = revoked.filter((each) => concerns(each, isActor ? { ...each, issuer, subject: id } : identity))
  if (found.length === 0) return undefined
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

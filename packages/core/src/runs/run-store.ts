import type { Principal, RevokeOptions, UserIdentity } from '../base/contract/index.ts'
import { StoreError } from '../base/errors/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import type { OpenWork } from '../base/process/async.ts'
import { defined, type KeyedHash } from '../base/values/index.ts'
import {
  Collection,
  Lease,
  type OpenedStore,
  openStoreKeys,
  type RecordName,
  type StoreKeys,
  type WalkOptions,
} from '../records/index.ts'
import { Revocations } from '../records/revocation/index.ts'
import { type ApprovalAudit, auditing } from './approval-state.ts'
import { type ClaimHere, claimsHere } from './claims-here.ts'
import {
  bucketOf,
  type Entry,
  NOES_WINDOW_SECONDS,
  type NoesKey,
  type RunRecord,
  runRecord,
  type SendList,
  sendList,
} from './record.ts'
import { dueOf, indexOfRun, NAMED_LONG_AGO_SECONDS, POLLS, Pointers, runIndex } from './run-indexes.ts'
import { approvalOf, type RunState, stateOf } from './run-state.ts'

/**
 * Time for which a run is kept after its end. A message that a framework replays then gets the result, and does not run
 * again.
 */
const RETENTION_SECONDS = 30 * 24 * 3600

/** Time by which a record outlives its pointers, so that no pointer leads to a missing record. */
const POINTERS_END_BEFORE_SECONDS = 24 * 3600

/** Store, keys, clock and callbacks of a {@link RunStore}. */
export interface RunStoreOptions extends OpenedStore {
  readonly clock: Clock
  /** Returns whether the proof of a run's request was revoked since (I11). */
  readonly isRevoked: (record: RunRecord) => Promise<boolean>
  /** Called with each new state after it is written, by the process that wrote it. */
  readonly onState?: ((record: RunRecord) => void) | undefined
}

/** Reads and writes runs, and finds them by slot, person and binding. It decides nothing. */
export class RunStore {
  readonly #store: Store
  readonly #runs: Collection<RunRecord>
  readonly #clock: Clock
  readonly #onState: (record: RunRecord) => void
  readonly hash: KeyedHash
  readonly isRevoked: RunStoreOptions['isRevoked']
  readonly pointers: Pointers
  /** Runs of this store that calls of this process have claimed, by their id. */
  readonly claims: OpenWork<ClaimHere>
  /** What each approver was sent. */
  readonly sends: Collection<SendList>

  constructor({ clock, isRevoked, onState = () => {}, ...opened }: RunStoreOptions) {
    this.#store = opened.store
    this.#clock = clock
    this.#onState = onState
    this.hash = opened.hash
    this.isRevoked = isRevoked
    this.claims = claimsHere(opened.store)
    this.pointers = new Pointers(opened, (record) => this.#keptFor(record))
    const ends = ({ sends }: SendList) => ({ expiresAt: Math.max(...sends.map(({ until }) => until)) })
    this.sends = new Collection<SendList>(opened, { kind: 'sends', schema: sendList, ends })
    this.#runs = new Collection<RunRecord>(opened, {
      kind: 'run',
      schema: runRecord,
      index: indexOfRun,
      ends: (record) => ({ expiresInSeconds: this.#keptFor(record) + POINTERS_END_BEFORE_SECONDS }),
      due: (record) => {
        const at = dueOf(record, this.now())
        return at === undefined ? undefined : { queue: POLLS, inSeconds: at - this.now() }
      },
    })
  }

  /** Returns the time of this process, in epoch seconds. */
  now(): number {
    return this.#clock.now() / 1000
  }

  /** Returns the time of the store, in epoch seconds. */
  storeNow(): Promise<number> {
    return this.#store.now()
  }

  /** Returns the time for the use of an answer, in epoch seconds: that of the store, which all processes share (A5). */
  async timeFor(record: RunRecord): Promise<number> {
    return approvalOf(record) ? this.storeNow() : this.now()
  }

  /** Returns `undefined` also for an id that is not text: it may come from a request to the app. */
  async read(id: string): Promise<Entry | undefined> {
    return typeof id === 'string' ? this.#runs.get(await this.#runs.keyOf(id)) : undefined
  }

  /** @returns `undefined` when the record exists already. */
  async create(record: RunRecord): Promise<Entry | undefined> {
    return this.#runs.create(await this.#runs.keyOf(record.id), record, record.by.owner)
  }

  /**
   * Changes a record. If another writer was faster, calls `change` again with the newest state. `change` returns
   * `undefined` to leave the record unchanged.
   */
  async update(entry: Entry, change: (record: RunRecord) => RunRecord | undefined): Promise<Entry> {
    let news: RunState | undefined
    const stored = await this.#runs.change(entry, async (now) => {
      if (now === undefined) throw new StoreError('unavailable', 'a stored run disappeared')
      const wanted = change(now)
      const [from, to] = [stateOf(now), stateOf(wanted ?? now)]
      // What has ended stays so, unless its runner, which was considered dead, comes back (A2, A13).
      if (now.end && ![from, 'completed', 'crashed'].includes(to)) {
        throw new StoreError('corrupt', `a run cannot go from ${from} to ${to}`)
      }
      news = from === to ? undefined : to
      if (wanted === undefined || news === undefined) return wanted
      // The slots are prolonged first: if they expired before their run, a call could run the completed write again.
      await this.pointers.keep(wanted, this.now())
      return wanted
    })
    if (stored === undefined) return entry
    if (news !== undefined) this.#onState(stored.record)
    return stored
  }

  /**
   * Takes records whose poll is due. No other worker gets them before the lease ends. A record that cannot be opened is
   * returned as an error, so that it does not block the others.
   */
  async claimPolls(limit: number, leaseSeconds: number): Promise<readonly (Entry | StoreError)[]> {
    const claimed = await this.#runs.claimDue(POLLS, { limit, leaseSeconds })
    return claimed.map((found) => ('unreadable' in found ? found.unreadable : found))
  }

  /** Records that ask this person. */
  askedOf(approver: Principal, options?: WalkOptions): AsyncGenerator<Entry, void> {
    return this.#walk(runIndex.approver(approver), options)
  }

  /** Records of this owner, or of this session of an issuer's, that are not settled. */
  ownedBy(owner: RevokeOptions, options?: WalkOptions): AsyncGenerator<Entry, void> {
    return this.#walk(runIndex.owner(owner), options)
  }

  /** Records that an approver refused, of one tool of one owner, from about this time on. Epoch seconds. */
  async refusedSince(refused: NoesKey, since: number): Promise<readonly Entry[]> {
    const first = bucketOf(since)
    // The clock of the process that wrote it may run ahead.
    const last = bucketOf(this.now() + NOES_WINDOW_SECONDS)
    const names = Array.from({ length: last - first + 1 }, (_, at) => runIndex.refused(refused, first + at))
    // Reads in parallel, because a day has many buckets.
    return (await Promise.all(names.map((name) => this.all(name)))).flat()
  }

  /**
   * Takes the right to do something alone (ask, poll, run), for a bounded time by the store's clock, across processes.
   *
   * @returns the lease, or `undefined` when another process has it.
   */
  lease(key: string, seconds: number): Promise<Lease | undefined> {
    return Lease.take(this.#store, key, seconds)
  }

  isLeased(key: string): Promise<boolean> {
    return Lease.isTaken(this.#store, key)
  }

  /**
   * Returns how long a record is kept, in seconds. The store counts it, since a clock that is weeks off must not make a
   * run outlive its names.
   */
  #keptFor({ question }: RunRecord): number {
    return Math.max(0, (question?.expiresAt ?? 0) - this.now()) + RETENTION_SECONDS + NAMED_LONG_AGO_SECONDS
  }

  /** Walks on from the record of the id `after`, in an order that has no meaning. */
  async *#walk(name: RecordName, { after, onUnreadable }: WalkOptions = {}): AsyncGenerator<Entry, void> {
    const last = after === undefined ? undefined : await this.#runs.keyOf(after)
    yield* this.#runs.under(name, { after: last, onUnreadable })
  }

  /** Records under an index name. */
  async all(name: RecordName): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for await (const entry of this.#walk(name)) entries.push(entry)
    return entries
  }
}

/** The store of an app's runs and questions, the same for guard, watcher and handlers. */
export interface OpenRunStoreOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
  readonly onState?: (record: RunRecord) => void
  /** Receives the events of questions, if there is no `onState`. */
  readonly audit?: ApprovalAudit | undefined
  /** @default those of the store, with a log position of their own */
  readonly revocations?: Revocations
}

/**
 * Opens the runs that a store holds.
 *
 * @throws ConfigurationError A durable store without keys, or invalid keys.
 */
export function openRunStore({
  store,
  keys,
  clock,
  audit,
  onState = audit && auditing(audit, clock),
  revocations = new Revocations(openStoreKeys(store, keys)),
}: OpenRunStoreOptions): RunStore {
  const opened = openStoreKeys(store, keys)
  const isRevoked = (record: RunRecord) => isRevokedRun(record, revocations, clock.now())
  return new RunStore({ ...opened, clock, isRevoked, onState })
}

/**
 * Returns whether the proofs of a run's requests were revoked since, by the names in the store now (I11).
 *
 * @param now - Epoch milliseconds.
 * @throws StoreError The store did not answer.
 */
async function isRevokedRun(record: RunRecord, revocations: Revocations, now: number): Promise<boolean> {
  const found = await Promise.all(proofsOf(record).map((proof) => revocations.findNow(proof, now)))
  return found.length > 0 && found.every((revoked) => revoked !== undefined)
}

/** One proof for each session that shares the run. An agent without a user has no proof that could be revoked. */
function proofsOf({ by: { owner, actor, delegationId, sessionIds, provenAt } }: RunRecord): readonly UserIdentity[] {
  const { subject, ...whose } = owner
  if (subject === undefined) return []
  const known = defined({ subject, actor, delegationId, provenAt })
  const proof: UserIdentity = { kind: 'user', ...whose, ...known, claims: {} }
  return sessionIds === undefined ? [proof] : sessionIds.map((sessionId) => ({ ...proof, sessionId }))
}

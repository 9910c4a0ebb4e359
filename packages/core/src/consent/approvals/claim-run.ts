import { type Lease, whileUnavailable } from '../../base/records/index.ts'
import { idempotencyKey } from './binding.ts'
import { type CalledBy, sharing } from './caller.ts'
import { runLease } from './find-run.ts'
import { STUBBORNLY } from './keep-writing.ts'
import { type Entry, inTime, MAX_TRIES, mayBecome, mayRunAgain, type RunRecord, type StoredResult } from './record.ts'
import type { RunStore } from './run-store.ts'

/** A running body renews its lease. After this time without a renewal, it counts as dead. Seconds. */
const RUN_LEASE_SECONDS = 60

/** Runners of this process whose bodies run, or have ended while the store has not yet saved how they ended. */
const alive = new WeakMap<RunStore, Set<string | undefined>>()

/** The caller that starts a run, and whether a person's approval permits it. */
export interface ClaimedBy {
  readonly caller: CalledBy
  readonly isAnswered: boolean
}

/** The right to run the body, once. Exactly one of its methods is called. */
export interface Claim {
  readonly entry: Entry
  /** The same on every try of this run. */
  readonly idempotencyKey: string
  /** Records that the body returned. Retries until the store accepts it, and keeps the lease meanwhile. */
  complete(result: StoredResult): Promise<void>
  /**
   * Records that the body did not return. If this attempt or an earlier one is in doubt, the run is `crashed`. Else it
   * may be tried again, with the same approval and the same key, three times in all (A13).
   */
  threw(how: { readonly inDoubt: boolean }): Promise<void>
  /** Restores the run, since the body never started. */
  release(): Promise<void>
}

/**
 * Claims a run: `approved -> running`, `crashed -> running` if it may be tried again, or `failed -> running` if its
 * question was not sent and the call needs none. By compare-and-swap, only one caller gets the claim (A2, A5).
 *
 * Takes the lease first, so that no reader sees a running record without a lease. If the store's answer was lost, the
 * record shows who has the claim. While the record cannot be read, the lease is kept. The claim is released as soon as
 * the store answers, since no body began.
 *
 * @returns `undefined` when another caller was faster, or the run is no longer approved.
 */
export async function claimRun(runStore: RunStore, entry: Entry, by?: ClaimedBy): Promise<Claim | undefined> {
  const { id, binding } = entry.record
  const key = await idempotencyKey(id, binding, runStore.hash)
  const lease = await runStore.lease(runLease(id), RUN_LEASE_SECONDS)
  if (lease === undefined) return undefined
  const claim = new RunClaim(runStore, { entry, by, key }, lease)
  try {
    return (await claim.take()) ? claim : await claim.drop()
  } catch (error) {
    void claim.release().catch(() => {})
    throw error
  }
}

class RunClaim implements Claim {
  readonly #runStore: RunStore
  readonly #lease: Lease
  readonly #runner: string = crypto.randomUUID()
  readonly #stopRenewing: () => void
  readonly #alive: Set<string | undefined>
  readonly idempotencyKey: string
  entry: Entry
  readonly #by: ClaimedBy | undefined
  /** The record before the claim. */
  #before: RunRecord

  constructor(
    runStore: RunStore,
    { entry, by, key }: { readonly entry: Entry; readonly by: ClaimedBy | undefined; readonly key: string },
    lease: Lease,
  ) {
    this.#runStore = runStore
    this.#by = by
    this.#lease = lease
    this.#stopRenewing = lease.keep()
    this.idempotencyKey = key
    this.entry = entry
    this.#before = entry.record
    this.#alive = alive.get(runStore) ?? new Set()
    alive.set(runStore, this.#alive.add(this.#runner))
  }

  async take(): Promise<boolean> {
    const now = await this.#runStore.timeFor(this.entry.record)
    this.entry = await this.#runStore.update(this.entry, (record) => {
      if (!mayStart(record, now) || !isSameAnswer(record, this.#before)) return undefined
      // Its lease ended while the store was unavailable, or this process stalled: the runner is not dead.
      if (this.#alive.has(record.runner)) return undefined
      this.#before = record
      const { inDoubtSince: _, unsent: __, note: ___, endedAt: ____, ...rest } = claimedBy(record, this.#by)
      return { ...rest, state: 'running', runner: this.#runner, startedAt: now, tries: (record.tries ?? 0) + 1 }
    })
    return this.#isMine(this.entry.record)
  }

  async drop(): Promise<undefined> {
    this.#stopRenewing()
    this.#alive.delete(this.#runner)
    await this.#lease.release()
  }

  complete(result: StoredResult): Promise<void> {
    return this.#end(({ token: _, ...record }) => ({
      ...record,
      state: 'completed',
      result,
      endedAt: this.#runStore.now(),
    }))
  }

  async threw({ inDoubt }: { readonly inDoubt: boolean }): Promise<void> {
    const now = this.#runStore.now()
    // All processes count the time in doubt by the store's clock.
    const byStore = inDoubt ? await this.#runStore.storeNow().catch(() => now) : undefined
    return this.#end(({ token, ...record }) => {
      // An attempt without effect proves nothing about the attempt before it, which may have had one.
      const earlier = this.#before.state === 'crashed' ? (this.#before.inDoubtSince ?? now) : undefined
      const inDoubtSince = byStore ?? earlier
      if (inDoubtSince !== undefined) {
        // The approval's own token is kept only if the run is tried again with the same key.
        const kept = record.onCrash === 'retry' && token !== undefined ? { token } : {}
        return { ...record, ...kept, state: 'crashed', inDoubtSince }
      }
      const { runner: _, ...rest } = record
      if ((record.tries ?? 1) < MAX_TRIES) return { ...rest, state: 'approved' }
      return { ...rest, state: 'threw', endedAt: now }
    })
  }

  async release(): Promise<void> {
    await this.#write((record) => {
      // Written again unchanged if our claim has not arrived yet: its compare-and-swap then fails.
      if (record.state === this.#before.state && record.runner === this.#before.runner) return record
      if (!this.#isMine(record) && !(record.state === 'crashed' && record.runner === this.#runner)) return undefined
      // Since the claim, only slots can have been added.
      return { ...this.#before, slots: record.slots }
    })
  }

  async #end(ended: (record: RunRecord) => RunRecord): Promise<void> {
    await this.#write((record) => {
      // Lease lost, and replaced since: the newer runner wins.
      if (record.runner !== this.#runner) return undefined
      const { delivery: _, endedAt: __, ...now } = record
      const next = ended(now)
      // Meanwhile an operator resolved it as run; or it ended unused, and its body had no effect.
      return mayBecome(record.state, next.state) ? next : undefined
    })
  }

  async #write(change: (record: RunRecord) => RunRecord | undefined): Promise<void> {
    try {
      await whileUnavailable(() => this.#runStore.update(this.entry, change), STUBBORNLY)
    } finally {
      await this.drop()
    }
  }

  #isMine({ state, runner }: RunRecord): boolean {
    return state === 'running' && runner === this.#runner
  }
}

const mayStart = (record: RunRecord, now: number): boolean =>
  record.state === 'approved' ? inTime(record.usableUntil, now) : record.unsent === true || mayRunAgain(record, now)

/**
 * Records the caller that starts the run, who is told its result. Drops an answer that did not permit this start: it is
 * outdated, or was given to another caller.
 */
function claimedBy(record: RunRecord, by: ClaimedBy | undefined): RunRecord {
  if (by === undefined) return record
  const { actor: _, delegationId: __, sessionIds: ___, provenAt: ____, accounts: _____, ...rest } = record
  const claimed = { ...rest, ...sharing(record, by.caller) }
  if (by.isAnswered) return claimed
  const { question: _q, answeredAt: _a, foundAt: _f, usableUntil: _u, token: _t, ...bare } = claimed
  return bare
}

/** Returns whether the record still has the question that entitled this call, and no attempt since then. */
const isSameAnswer = (record: RunRecord, before: RunRecord): boolean =>
  record.question?.id === before.question?.id && record.state === before.state && record.tries === before.tries

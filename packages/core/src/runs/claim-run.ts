import { type Lease, whileUnavailable } from '../records/index.ts'
import { idempotencyKey } from './binding.ts'
import { type CalledBy, sharing } from './caller.ts'
import { ClaimHere } from './claims-here.ts'
import { runLease } from './find-run.ts'
import { STUBBORNLY } from './keep-writing.ts'
import { type Entry, inTime, MAX_TRIES, mayBecome, mayRunAgain, type RunRecord, type StoredResult } from './record.ts'
import type { RunStore } from './run-store.ts'
import { wake } from './watcher/watch-options.ts'

/** A running body renews its lease. After this time without a renewal, it counts as dead. Seconds. */
const RUN_LEASE_SECONDS = 60

/** The caller that starts a run, and whether a person's approval permits it. */
export interface ClaimedBy {
  readonly caller: CalledBy
  readonly isAnswered: boolean
}

/** The right to run the body, once. Exactly one of its methods is called. */
export interface Claim {
  readonly entry: Entry
  /** What other calls of this process wait for. */
  readonly here: ClaimHere
  /** The same on every try of this run. */
  readonly idempotencyKey: string
  /**
   * Records that the body returned. Retries until the store accepts it, and keeps the lease meanwhile.
   *
   * @param isDelivered - Returns whether the caller still waits for the result. If it has left, the next equal call gets
   *   the result. If that result cannot be stored, the run is in doubt.
   */
  complete(result: StoredResult, isDelivered?: () => boolean): Promise<void>
  /**
   * Records that the body did not return. If this attempt or an earlier one is in doubt, the run is `crashed`. Else it
   * may be tried again, with the same approval and the same key, three times in all (A13).
   */
  threw(how: { readonly inDoubt: boolean }): Promise<void>
  /** Restores the run, since the body never started. */
  release(): Promise<void>
  /** Records that the body returned a stream. Other calls no longer wait for its end. */
  stream(): void
}

/**
 * Claims a run, unless a call of this process has claimed it: `approved -> running`, `crashed -> running` if it may be tried again, or `failed -> running` if its
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
  // Also where its lease has ended, since the store was unavailable or this process stalled: the runner is not dead.
  if (runStore.claims.has(id)) return undefined
  const here = new ClaimHere({ ...entry.record, ...by?.caller })
  runStore.claims.set(id, here)
  let claim: RunClaim | undefined
  try {
    const key = await idempotencyKey(id, binding, runStore.hash)
    const lease = await runStore.lease(runLease(id), RUN_LEASE_SECONDS)
    claim = lease && new RunClaim(runStore, { entry, by, key, here }, lease)
    if (await claim?.take()) return claim
  } catch (error) {
    void claim?.release().catch(() => {})
    if (claim === undefined) leave(runStore, id)
    throw error
  }
  await claim?.drop()
  leave(runStore, id)
  return undefined
}

/** Ends the claim for the calls of this process that wait for it. */
function leave(runStore: RunStore, id: string): void {
  runStore.claims.delete(id)
  wake(id)
}

class RunClaim implements Claim {
  readonly #runStore: RunStore
  readonly #lease: Lease
  readonly #stopRenewing: () => void
  readonly idempotencyKey: string
  readonly here: ClaimHere
  entry: Entry
  readonly #by: ClaimedBy | undefined
  /** The record before the claim. */
  #before: RunRecord

  constructor(
    runStore: RunStore,
    {
      entry,
      by,
      key,
      here,
    }: Pick<Claim, 'entry' | 'here'> & { readonly by: ClaimedBy | undefined; readonly key: string },
    lease: Lease,
  ) {
    this.#runStore = runStore
    this.#by = by
    this.#lease = lease
    this.#stopRenewing = lease.keep()
    this.idempotencyKey = key
    this.here = here
    this.entry = entry
    this.#before = entry.record
  }

  async take(): Promise<boolean> {
    const now = await this.#runStore.timeFor(this.entry.record)
    this.entry = await this.#runStore.update(this.entry, (record) => {
      if (!mayStart(record, now) || !isSameAnswer(record, this.#before)) return undefined
      this.#before = record
      const { inDoubtSince: _, undeliveredSince: __, ...claimed } = claimedBy(record, this.#by)
      const { unsent: ___, note: ____, endedAt: _____, ...rest } = claimed
      return { ...rest, state: 'running', runner: this.here.runner, startedAt: now, tries: (record.tries ?? 0) + 1 }
    })
    return this.#isMine(this.entry.record)
  }

  async drop(): Promise<void> {
    this.#stopRenewing()
    await this.#lease.release()
  }

  async complete(result: StoredResult, isDelivered = () => true): Promise<void> {
    const endedAt = this.#runStore.now()
    const leftAt = () => (isDelivered() ? undefined : this.#storeNow())
    const ended =
      (since: number | undefined) =>
      ({ token: _, ...record }: RunRecord) =>
        completed(record, result, since, endedAt)
    await this.#end(ended(await leftAt()), async () => {
      // The caller may have left during the write. An equal call that waits reads the record after this.
      const late = await leftAt()
      if (late === undefined) return
      const change = (record: RunRecord) =>
        record.state === 'completed' && record.runner === this.here.runner ? ended(late)(record) : undefined
      await whileUnavailable(() => this.#runStore.update(this.entry, change), STUBBORNLY)
    })
  }

  async threw({ inDoubt }: { readonly inDoubt: boolean }): Promise<void> {
    const now = this.#runStore.now()
    const byStore = inDoubt ? await this.#storeNow() : undefined
    return this.#end(({ token, undeliveredSince: _, ...record }) => {
      // An attempt without effect proves nothing about the attempt before it, which may have had one.
      const earlier = this.#before.state === 'crashed' ? (this.#before.inDoubtSince ?? now) : undefined
      const inDoubtSince = byStore ?? earlier
      if (inDoubtSince !== undefined) {
        // The approval's own token is kept only if the run is tried again with the same key.
        const kept = record.onCrash === 'retry' && token !== undefined ? { token } : {}
        return { ...record, ...kept, state: 'crashed', inDoubtSince }
      }
      const { runner: __, ...rest } = record
      if ((record.tries ?? 1) < MAX_TRIES) return { ...rest, state: 'approved' }
      return { ...rest, state: 'threw', endedAt: now }
    })
  }

  stream(): void {
    this.here.isStreaming = true
    wake(this.entry.record.id)
  }

  async release(): Promise<void> {
    await this.#write((record) => {
      // Written again unchanged if our claim has not arrived yet: its compare-and-swap then fails.
      if (record.state === this.#before.state && record.runner === this.#before.runner) return record
      if (!this.#isMine(record) && !(record.state === 'crashed' && record.runner === this.here.runner)) return undefined
      // Since the claim, only slots can have been added.
      return { ...this.#before, slots: record.slots }
    })
  }

  async #end(ended: (record: RunRecord) => RunRecord, after?: () => Promise<void>): Promise<void> {
    await this.#write((record) => {
      // Lease lost, and replaced since: the newer runner wins.
      if (record.runner !== this.here.runner) return undefined
      const { delivery: _, endedAt: __, inDoubtSince: ___, ...now } = record
      const next = ended(now)
      // Meanwhile an operator resolved it as run; or it ended unused, and its body had no effect.
      const isOver = record.state === 'completed' && next.state !== 'completed'
      return !isOver && mayBecome(record.state, next.state) ? next : undefined
    }, after)
  }

  /** All processes count the time in doubt by the store's clock. */
  #storeNow(): Promise<number> {
    return this.#runStore.storeNow().catch(() => this.#runStore.now())
  }

  async #write(change: (record: RunRecord) => RunRecord | undefined, after?: () => Promise<void>): Promise<void> {
    try {
      const written = whileUnavailable(() => this.#runStore.update(this.entry, change), STUBBORNLY)
      this.entry = await written.finally(() => this.drop())
      await after?.()
    } finally {
      leave(this.#runStore, this.entry.record.id)
    }
  }

  #isMine({ state, runner }: RunRecord): boolean {
    return state === 'running' && runner === this.here.runner
  }
}

/** @param leftAt - Set if the caller left before it got the result. A slot of the run may have left earlier. */
function completed(
  { undeliveredSince, ...record }: RunRecord,
  result: StoredResult,
  leftAt: number | undefined,
  endedAt: number,
): RunRecord {
  const since = leftAt ?? undeliveredSince
  if (since === undefined) return { ...record, state: 'completed', result, endedAt }
  if (result.kind === 'not_storable') return { ...record, state: 'crashed', inDoubtSince: since }
  return { ...record, state: 'completed', result, endedAt, undeliveredSince: since }
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
  if (by.isAnswered && record.question !== undefined) return claimed
  const { question: _q, answeredAt: _a, foundAt: _f, usableUntil: _u, token: _t, ...bare } = claimed
  return bare
}

/** Returns whether the record still has the question that entitled this call, and no attempt since then. */
const isSameAnswer = (record: RunRecord, before: RunRecord): boolean =>
  record.question?.id === before.question?.id && record.state === before.state && record.tries === before.tries

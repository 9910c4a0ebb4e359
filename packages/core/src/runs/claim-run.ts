import type { Lease } from '../records/index.ts'
import { idempotencyKey } from './binding.ts'
import { sharing } from './caller.ts'
import { ClaimHere } from './claims-here.ts'
import { keepForLater, runLease, undelivered } from './find-run.ts'
import { stubbornly } from './keep-writing.ts'
import type { Attempt, CalledBy, Entry, RunRecord, StoredResult } from './record.ts'
import {
  approvalOf,
  completed,
  doubted,
  doubtSince,
  inTime,
  isUnsent,
  MAX_TRIES,
  mayRunAgain,
  stateOf,
  triesOf,
  withoutToken,
} from './run-state.ts'
import type { RunStore } from './run-store.ts'
import { wake } from './wake.ts'

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
   * @param isThere - Returns whether the caller still waits for the result. If it has left, the next equal call gets the
   *   result. If that result cannot be stored, the run is in doubt.
   * @returns whether the caller gets the result: only one of them may have it.
   */
  complete(result: StoredResult, isThere?: () => boolean): Promise<boolean>
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
 * Claims a run, unless a call of this process has claimed it: `approved -> running`, `crashed -> running` if it may be
 * tried again, or `failed -> running` if its question was not sent and the call needs none. By compare-and-swap, only
 * one caller gets the claim (A2, A5).
 *
 * Takes the lease first, so that no reader sees a running record without a lease. If the store's answer was lost, the
 * record shows who has the claim. While the record cannot be read, the lease is kept. The claim is released as soon as
 * the store answers, since no body began.
 *
 * @returns `undefined` when another caller was faster, or the run is no longer approved.
 */
export async function claimRun(runStore: RunStore, entry: Entry, by: ClaimedBy): Promise<Claim | undefined> {
  const { id, binding } = entry.record
  // Also where its lease has ended, since the store was unavailable or this process stalled: the runner is not dead.
  if (runStore.claims.has(id)) return undefined
  const here = new ClaimHere({ ...entry.record, by: by.caller })
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

/** Records that no caller heard of a result: the next equal call gets it. Meanwhile those of this process wait. */
export async function unheard(runStore: RunStore, run: RunRecord): Promise<void> {
  runStore.claims.set(run.id, new ClaimHere(run))
  await stubbornly(() => keepForLater(runStore, run.id)).finally(() => leave(runStore, run.id))
}

class RunClaim implements Claim {
  readonly #runStore: RunStore
  readonly #lease: Lease
  readonly #stopRenewing: () => void
  readonly idempotencyKey: string
  readonly here: ClaimHere
  entry: Entry
  readonly #by: ClaimedBy
  /** The record before the claim. */
  #before: RunRecord

  constructor(
    runStore: RunStore,
    { entry, by, key, here }: Pick<Claim, 'entry' | 'here'> & { readonly by: ClaimedBy; readonly key: string },
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
    const { runner } = this.here
    const { caller, isAnswered } = this.#by
    this.entry = await this.#runStore.update(this.entry, (record) => {
      if (!mayStart(record, now) || !isSameAnswer(record, this.#before)) return undefined
      this.#before = record
      const earlierDoubt = stateOf(record) === 'crashed' ? doubtSince(record) : undefined
      return {
        ...record,
        by: sharing(record, caller),
        // A question whose answer did not permit this start is outdated, or was answered for another caller.
        question: isAnswered ? record.question : undefined,
        attempt: { number: triesOf(record) + 1, startedAt: now, runner, earlierDoubt },
      }
    })
    const { record } = this.entry
    return stateOf(record) === 'running' && record.attempt?.runner === runner
  }

  async drop(): Promise<void> {
    this.#stopRenewing()
    await this.#lease.release()
  }

  async complete(result: StoredResult, isThere = () => true): Promise<boolean> {
    const at = this.#runStore.now()
    let isGiven = isThere()
    const leftAt = isGiven ? undefined : await this.#storeNow()
    await this.#end(
      // Another slot of the run may have left earlier.
      (record, attempt) => undelivered(completed(record, result, at), leftAt ?? attempt.undeliveredSince),
      async () => {
        // The caller may have left during the write. An equal call that waits reads the record after this.
        if (!isGiven || isThere()) return
        isGiven = false
        await unheard(this.#runStore, this.entry.record)
      },
    )
    return isGiven
  }

  async threw({ inDoubt }: { readonly inDoubt: boolean }): Promise<void> {
    const now = this.#runStore.now()
    const byStore = inDoubt ? await this.#storeNow() : undefined
    return this.#end((record, attempt) => {
      // An attempt without effect proves nothing about the attempt before it, which may have had one.
      const since = byStore ?? attempt.earlierDoubt
      if (since !== undefined) return doubted(record, since)
      return {
        ...record,
        question: withoutToken(record.question),
        attempt: { ...attempt, outcome: { kind: 'no_effect' } },
        end: record.end ?? (attempt.number < MAX_TRIES ? undefined : { how: 'no_effect', at: now }),
      }
    })
  }

  stream(): void {
    this.here.isStreaming = true
    wake(this.entry.record.id)
  }

  async release(): Promise<void> {
    await this.#write((record) => {
      // Written again unchanged if our claim has not arrived yet: its compare-and-swap then fails.
      const state = stateOf(record)
      const runner = record.attempt?.runner
      if (state === stateOf(this.#before) && runner === this.#before.attempt?.runner) return record
      if (runner !== this.here.runner || (state !== 'running' && state !== 'crashed')) return undefined
      // Since the claim, only slots can have been added.
      return { ...this.#before, slots: record.slots }
    })
  }

  async #end(ended: (record: RunRecord, attempt: Attempt) => RunRecord, after?: () => Promise<void>): Promise<void> {
    await this.#write((record) => {
      const { attempt, end } = record
      // Lease lost, and replaced since: the newer runner wins.
      if (attempt?.runner !== this.here.runner || attempt.outcome?.kind === 'no_effect') return undefined
      const next = ended(record, attempt)
      // Meanwhile an operator resolved it as run; or it ended unused, and its body had no effect.
      return end?.how === 'completed' && next.end?.how !== 'completed' ? undefined : next
    }, after)
  }

  /** All processes count the time in doubt by the store's clock. */
  #storeNow(): Promise<number> {
    return this.#runStore.storeNow().catch(() => this.#runStore.now())
  }

  async #write(change: (record: RunRecord) => RunRecord | undefined, after?: () => Promise<void>): Promise<void> {
    try {
      const written = stubbornly(() => this.#runStore.update(this.entry, change))
      this.entry = await written.finally(() => this.drop())
      await after?.()
    } finally {
      leave(this.#runStore, this.entry.record.id)
    }
  }
}

const mayStart = (record: RunRecord, now: number): boolean =>
  stateOf(record) === 'approved'
    ? inTime(approvalOf(record)?.usableUntil, now)
    : isUnsent(record) || mayRunAgain(record, now)

/** Returns whether the record still has the question that entitled this call, and no attempt since then. */
const isSameAnswer = (record: RunRecord, before: RunRecord): boolean =>
  record.question?.id === before.question?.id &&
  stateOf(record) === stateOf(before) &&
  triesOf(record) === triesOf(before)

import { idempotencyKey } from './binding.ts'
import { runLease } from './find-run.ts'
import type { Entry, Lease, Ledger } from './ledger.ts'
import type { RunState, StoredResult } from './record.ts'

/** A body that lives renews its lease; after this long without one, it counts as dead. Seconds. */
export const RUN_LEASE_SECONDS = 60

/** The right to run the body, once. */
export interface Claim {
  readonly entry: Entry
  /** The same on every try of this run. */
  readonly idempotencyKey: string
  /** The body returned. The result is stored before it is given out. */
  complete(result: StoredResult): Promise<void>
  /** The body threw: it may have acted, so it is never run again under this run's slots. */
  threw(): Promise<void>
}

/**
 * `approved -> running`, by compare-and-swap: of any number of callers, one gets the claim (A2, A5).
 *
 * The lease is taken first, so that a run is never seen as running without one.
 * @returns `undefined` when somebody else was faster, or the run is not approved any more.
 */
export async function claimRun(ledger: Ledger, entry: Entry): Promise<Claim | undefined> {
  const { id, binding } = entry.record
  const lease = await ledger.lease(runLease(id), RUN_LEASE_SECONDS)
  if (lease === undefined) return undefined
  const runner = crypto.randomUUID()
  const now = ledger.now()
  try {
    const claimed = await ledger.update(entry, (record) =>
      record.state === 'approved' && (record.usableUntil === undefined || now < record.usableUntil)
        ? { ...record, state: 'running', runner }
        : undefined,
    )
    if (claimed.record.runner !== runner) {
      await lease.release()
      return undefined
    }
    return running(ledger, claimed, runner, lease, await idempotencyKey(id, binding, ledger.hash))
  } catch (error) {
    await lease.release().catch(() => {})
    throw error
  }
}

function running(ledger: Ledger, entry: Entry, runner: string, lease: Lease, key: string): Claim {
  const stopRenewing = renewing(lease)
  const end = async (state: RunState, result?: StoredResult) => {
    stopRenewing()
    await ledger.update(entry, (record) => {
      // Thought dead while it lived, and replaced since: the newer runner has the say.
      if (record.runner !== runner) return undefined
      const { token: _, ...rest } = record
      return { ...rest, state, endedAt: ledger.now(), ...(result !== undefined && { result }) }
    })
    await lease.release()
  }
  return {
    entry,
    idempotencyKey: key,
    complete: (result) => end('completed', result),
    threw: () => end('threw'),
  }
}

function renewing(lease: Lease): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const again = () => {
    if (stopped) return
    timer = setTimeout(
      // A store that fails to renew is tried again at the next beat; only a lost lease ends this.
      () => lease.renew().then((kept) => kept && again(), again),
      (RUN_LEASE_SECONDS / 3) * 1000,
    )
    // On Node, a lease alone keeps no process alive.
    if (typeof timer === 'object') timer.unref?.()
  }
  again()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

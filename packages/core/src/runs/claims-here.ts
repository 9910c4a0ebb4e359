import type { Store } from '../base/ports.ts'
import { OpenWork } from '../base/process/async.ts'
import type { RunRecord } from './record.ts'

/** Maximum number of calls that wait for one run. */
const MAX_WAITING = 100

/** A run that a call of this process has claimed, until the store has saved how its body ended. */
export class ClaimHere {
  readonly runner: string = crypto.randomUUID()
  /** The run, with the caller that claimed it. */
  readonly run: RunRecord
  /** True if the body returned a stream: the run ends when its reader wants it to. */
  isStreaming = false
  /** Claims for which calls within this body wait. Not private: a claim around may be of another copy of this package. */
  readonly waitsFor: ClaimHere[] = []
  #waiting = 0

  constructor(run: RunRecord) {
    this.run = run
  }

  /**
   * Waits for this claim, unless the wait could not end: this is a claim around the waiting call, waits for one of
   * those itself, or streams. A waiter holds no lease.
   *
   * @param around - Claims of the bodies around the waiting call.
   * @returns whether it waited.
   */
  async during(around: readonly ClaimHere[], wait: () => Promise<void>): Promise<boolean> {
    if (this.isStreaming || this.#waiting >= MAX_WAITING || around.some((own) => leadsTo(this, own))) return false
    this.#waiting++
    for (const own of around) own.waitsFor.push(this)
    try {
      await wait()
    } finally {
      this.#waiting--
      for (const own of around) own.waitsFor.splice(own.waitsFor.indexOf(this), 1)
    }
    return true
  }
}

// No wait closes a circle, so this ends.
const leadsTo = (from: ClaimHere, to: ClaimHere): boolean =>
  from === to || from.waitsFor.some((next) => leadsTo(next, to))

const claims = new WeakMap<Store, OpenWork<ClaimHere>>()

/** Returns the claims of this process on a store, for all guards on it. */
export function claimsHere(store: Store): OpenWork<ClaimHere> {
  const known = claims.get(store) ?? new OpenWork<ClaimHere>()
  claims.set(store, known)
  return known
}

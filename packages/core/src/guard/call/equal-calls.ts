import { untilWoken } from '../../runs/wake.ts'
import type { Runs } from '../guard-parts.ts'
import type { PermittedCall } from './call.ts'
import type { UnderWay } from './refusal.ts'

/** Maximum time that a call waits for equal calls, in milliseconds. */
const LONGEST_MS = 60_000

/** Times between two polls of a run of another process, in milliseconds. */
const FIRST_POLL_MS = 250
const LAST_POLL_MS = 2_000

/**
 * Lets a call wait for equal calls that run: in this process until they end, which does not count as time of the guard;
 * in other processes within that time.
 */
export class EqualCalls {
  readonly #call: PermittedCall
  readonly #runs: Runs
  #leftMs = LONGEST_MS
  #pollMs = FIRST_POLL_MS

  constructor(call: PermittedCall, runs: Runs) {
    this.#call = call
    this.#runs = runs
  }

  /** @returns false if the call cannot wait longer, or its wait could not end. */
  async waited({ ids }: UnderWay): Promise<boolean> {
    const id = ids.find((each) => this.#runs.runStore.claims.has(each))
    return id === undefined ? this.#poll(ids) : this.#untilEnded(id)
  }

  async #untilEnded(id: string): Promise<boolean> {
    const { deadline, invocation, acts } = this.#call
    if (this.#leftMs <= 0) return false
    const began = performance.now()
    const wait = () => untilWoken(id, this.#leftMs, invocation.signal)
    deadline.pause()
    const waited = await this.#runs.runStore.claims.get(id)?.during(acts.claimsAround(), wait)
    deadline.restart()
    this.#leftMs -= performance.now() - began
    return waited ?? true
  }

  async #poll([id = '']: readonly string[]): Promise<boolean> {
    const { deadline } = this.#call
    // Ends before the deadline does: the model has to hear that an equal call is under way.
    if (Math.min(deadline.leftMs, this.#leftMs) < this.#pollMs * 2) return false
    this.#leftMs -= this.#pollMs
    await untilWoken(id, this.#pollMs, deadline.signal)
    this.#pollMs = Math.min(this.#pollMs * 2, LAST_POLL_MS)
    return true
  }
}

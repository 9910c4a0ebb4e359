import type { Interrupt, Json } from '../../base/contract/index.ts'
import { type BehalfError, ConfigurationError } from '../../base/errors/index.ts'
import { canonicalJson, defined, equalSecrets } from '../../base/values/index.ts'
import { identityFault } from '../../identity/verified.ts'
import { keepForLater } from '../../runs/find-run.ts'
import type { RunStore } from '../../runs/run-store.ts'
import type { ApprovalInbox, ApprovalView, InboxOptions } from '../methods/approval-inbox.ts'
import { parseInterrupt } from './parse-interrupt.ts'

/** Options that name the framework's pause and the identity that asks. */
export interface PauseOptions extends InboxOptions {
  /** The framework's name of the pause, as passed to `bind`. */
  readonly pause: Json
}

/**
 * State of a paused call: that of its question, or `not_recorded` for a sign-in, an account or a step-up, of which the
 * guard keeps no record. Then the call itself checks when it resumes.
 */
export type PauseState = ApprovalView['state'] | 'not_recorded'

/**
 * Interrupts as a framework stores them while a call waits. For adapters.
 *
 * Frameworks also store the questions of tools themselves, and a model may write an interrupt there. The guard
 * recognizes its own interrupt by its proof: a MAC by the guard's keys over its content and the pause that it was made
 * for.
 */
export interface Pauses {
  /**
   * Returns the interrupt with the proof that it was made for this pause.
   * @param interrupt - From an outcome of this guard, and from no other source.
   * @param pause - The framework's name of the pause: the same at resume, and different for each pause or run.
   * @throws ConfigurationError `pause` is empty.
   */
  bind(interrupt: Interrupt, pause: Json): Promise<Interrupt>
  /** Returns whether a guard with these keys made the interrupt for this pause. */
  isOwn(interrupt: Interrupt, pause: Json): Promise<boolean>
  /**
   * Returns the state of a pause, by its interrupt from the framework. `undefined`: do not handle it. No guard with
   * these keys made it for this pause, or its question is unknown or another user's.
   * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
   * @throws TransportError, StoreError Nothing is known; try again.
   */
  stateOf(interrupt: Interrupt, options: PauseOptions): Promise<PauseState | undefined>
  /**
   * Records that the result of a call did not reach its model: the next equal call gets it (A13).
   * @param approvalId - From the trace of an outcome of this guard.
   */
  unheard(approvalId: string): Promise<void>
}

/** Options with which an adapter looks up the questions of the calls that wait. */
export interface WaitingOptions extends InboxOptions {
  /** Guard whose tools made the calls, or another guard over the same store and keys. */
  readonly guard: { readonly pauses: Pauses }
}

/** The pauses for which a framework waits, and whether it can continue. */
export interface PausesFound<Pending> {
  /**
   * `resolved`: at least one has its answer. `open`: not one of them has it yet. `nothing`: there is no pause. `unknown`:
   * pauses that this guard does not answer, and it stays so.
   */
  readonly status: 'open' | 'resolved' | 'nothing' | 'unknown'
  /** The pauses that have their answer. */
  readonly resolved: readonly Pending[]
}

/**
 * Looks up each pause for which a framework waits. For adapters whose calls continue one by one.
 *
 * @param pauseOf - Returns the framework's name of a pause.
 * @throws ConfigurationError No verification made the identity.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError No answer was found, and not all could be looked up: try again.
 */
export async function findPauses<Pending extends { readonly interrupt: Interrupt }>(
  pending: readonly Pending[],
  pauseOf: (one: Pending) => Json,
  { guard: { pauses }, ...asking }: WaitingOptions,
): Promise<PausesFound<Pending>> {
  const fault = identityFault('resumeWhenResolved.identity', asking.identity)
  if (fault !== undefined) throw fault
  if (pending.length === 0) return { status: 'nothing', resolved: [] }
  const asked = [...pending]
  const lookups = asked.map((one) => pauses.stateOf(one.interrupt, { ...asking, pause: pauseOf(one) }))
  // A channel that is away must not hold up an answer that came by another one.
  const found = await Promise.all(lookups.map((one) => one.catch(openIfAway)))
  const resolved = asked.filter((_, at) => found[at] !== undefined && found[at] !== 'open')
  if (resolved.length > 0) return { status: 'resolved', resolved }
  const states = await Promise.all(lookups)
  return { status: states.includes('open') ? 'open' : 'unknown', resolved }
}

const openIfAway = (error: BehalfError): 'open' | Promise<never> => (error.retryable ? 'open' : Promise.reject(error))

/** The pauses of a guard with these keys. */
export function pausesOf(runStore: RunStore, approvals: ApprovalInbox): Pauses {
  const { hash } = runStore
  const proofOf = ({ proof: _, ...content }: Interrupt, pause: Json) =>
    hash(canonicalJson(['pause', pause, defined(content) as never]))
  /** Returns the parsed interrupt, if a guard with these keys made it for this pause. */
  const own = async (interrupt: Interrupt, pause: Json): Promise<Interrupt | undefined> => {
    const read = parseInterrupt(interrupt)
    if (read?.proof === undefined) return undefined
    return (await equalSecrets(read.proof, await proofOf(read, pause))) ? read : undefined
  }
  return {
    unheard: (id) => keepForLater(runStore, id),
    async bind(interrupt, pause) {
      if (pause === '') throw new ConfigurationError('pauses.bind.pause', "give the framework's name of the pause")
      // Parsed as the reader does it: fields that the reader drops are not part of the proof.
      const read = parseInterrupt(interrupt)
      return read === undefined ? interrupt : { ...read, proof: await proofOf(read, pause) }
    },
    isOwn: async (interrupt, pause) => (await own(interrupt, pause)) !== undefined,
    async stateOf(interrupt, { pause, ...options }) {
      const read = await own(interrupt, pause)
      if (read === undefined) return undefined
      if (read.kind !== 'approval_pending') return 'not_recorded'
      return (await approvals.get(read.id, options))?.state
    },
  }
}

import type { Guard, Identity, Interrupt } from '@behalf/core'
import { pauseOf } from './call-context.ts'
import { interruptsOf, type SuspendedRuns, type WorkflowEnd } from './interrupts-of.ts'
import { type WakeUp, wakeUp } from './wake-up.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions {
  /** The guard whose tools suspended, or another one over the same store and keys. */
  readonly guard: Pick<Guard, 'pauses'>
  /** Who asks. Questions are looked up under this identity only. */
  readonly identity: Identity
  /** Aborts the lookups of the questions. @default they are not aborted */
  readonly signal?: AbortSignal
}

/** The arguments with which one call goes on: `agent.resumeStream(resumeData, { runId, toolCallId })`. */
export interface CallResumption {
  /** The wake-up with which the call is resumed. It proves nothing: the guard checks again. */
  readonly resumeData: WakeUp
  /** Mastra's id of the run to resume. */
  readonly runId: string
  /**
   * The call to resume within the run. Absent in versions of Mastra that do not list it: the run's id suffices there.
   */
  readonly toolCallId?: string
}

/** The argument with which one step goes on: `run.resume({ step, resumeData })`. */
export interface StepResumption {
  /** The wake-up with which the step is resumed. It proves nothing: the guard checks again. */
  readonly resumeData: WakeUp
  /** Path to the step, from the outermost workflow inwards. */
  readonly step: string[]
}

/**
 * What can go on: every call whose question was answered, whichever way. Empty while all are open, or nothing waits.
 *
 * Polls once and does not wait: call it again after the interrupt's `interval`, or when the user comes back. Resume one
 * after the other, and read each stream to its end. The value that resumes a call is only a wake-up: the tool checks
 * again, under the identity of the user who resumes. Sign-in, connection and step-up have no record, so they are
 * returned at once: call this when the user has done what was asked. Left out are questions that are unknown or another
 * user's, calls that no guard with these keys suspended, and calls within another agent or a workflow that an agent
 * calls as a tool: its proof is for that agent's own run, which Mastra does not tell here.
 *
 * @throws TransportError, StoreError Nothing is known; try again later.
 */
export function resumeWhenResolved(result: SuspendedRuns, options: ResumeOptions): Promise<readonly CallResumption[]>
/**
 * Returns a resumption for every step whose question was answered. Empty also where the run's id is missing.
 *
 * @param result - What `run.start()` or `run.resume()` returned.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError Nothing is known; try again later.
 */
export function resumeWhenResolved(result: WorkflowEnd, options: ResumeOptions): Promise<readonly StepResumption[]>
export async function resumeWhenResolved(
  result: SuspendedRuns | WorkflowEnd,
  options: ResumeOptions,
): Promise<readonly (CallResumption | StepResumption)[]> {
  if ('runs' in result) {
    const calls = await resolved(interruptsOf(result), options, (call) => pauseOf(call.runId, call))
    return calls.map(({ interrupt: _, ...which }) => ({ resumeData: wakeUp, ...which }))
  }
  const { runId } = result
  if (runId === undefined) return []
  const steps = await resolved(interruptsOf(result), options, () => pauseOf(runId))
  return steps.map(({ step }) => ({ resumeData: wakeUp, step: [...step] }))
}

async function resolved<Pending extends { readonly interrupt: Interrupt }>(
  pending: readonly Pending[],
  { guard, identity, signal }: ResumeOptions,
  pauseOfThis: (one: Pending) => string,
): Promise<readonly Pending[]> {
  const states = await Promise.all(
    pending.map((one) => {
      const asked = { pause: pauseOfThis(one), identity, ...(signal !== undefined && { signal }) }
      return guard.pauses.stateOf(one.interrupt, asked)
    }),
  )
  return pending.filter((_, index) => states[index] !== undefined && states[index] !== 'open')
}

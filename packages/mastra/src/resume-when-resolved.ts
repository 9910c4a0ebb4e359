import { findPauses, type WaitingOptions } from '@behalf/core/spi'
import { pauseOf } from './call-context.ts'
import { interruptsOf, type SuspendedRuns, type WorkflowEnd } from './interrupts-of.ts'
import { type WakeUp, wakeUp } from './wake-up.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions extends WaitingOptions {}

/** Arguments that resume one call: `agent.resumeStream(resumeData, { runId, toolCallId })`. */
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

/** Argument that resumes one step: `run.resume({ step, resumeData })`. */
export interface StepResumption {
  /** The wake-up with which the step is resumed. It proves nothing: the guard checks again. */
  readonly resumeData: WakeUp
  /** Path to the step, from the outermost workflow inwards. */
  readonly step: string[]
}

/** Result of {@link resumeWhenResolved}. */
export interface Resumed<Resumption> {
  /**
   * `resolved`: at least one call has its answer: resume with each of `resumptions`. `open`: no call has it yet.
   * `nothing`: no guarded call waits. `unknown`: calls wait that this guard does not answer, and it stays so: their
   * questions are unknown or another user's (the two look the same), or no guard with these keys suspended them here.
   */
  readonly status: 'open' | 'resolved' | 'nothing' | 'unknown'
  /** The values to resume with, one for each call or step. Empty unless `resolved`. */
  readonly resumptions: readonly Resumption[]
}

/**
 * Looks up the questions of the waiting calls, and returns a resumption for every call that has its answer.
 *
 * Polls once and does not wait: call it again after the interrupt's `interval`, or when the user comes back. Resume one
 * after the other, and read each stream to its end. The value that resumes a call is only a wake-up: the tool checks
 * again, under the identity of the user who resumes. Sign-in, connection and step-up have no record, so they are
 * returned at once: call this after the user's action. Omits questions that are unknown or another user's, and calls
 * that no guard with these keys suspended. Omits calls within another agent, or within a workflow that an agent calls
 * as a tool: their proof is for the inner run, which Mastra does not report here.
 *
 * @throws ConfigurationError No verification made the identity.
 * @throws TransportError, StoreError No answer was found, and not all could be looked up: try again later.
 */
export function resumeWhenResolved(result: SuspendedRuns, options: ResumeOptions): Promise<Resumed<CallResumption>>
/**
 * Returns a resumption for every step whose question was answered. The status is `unknown` also if the run's id is
 * missing.
 *
 * @param result - What `run.start()` or `run.resume()` returned.
 * @throws ConfigurationError No verification made the identity.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError No answer was found, and not all could be looked up: try again later.
 */
export function resumeWhenResolved(result: WorkflowEnd, options: ResumeOptions): Promise<Resumed<StepResumption>>
export async function resumeWhenResolved(
  result: SuspendedRuns | WorkflowEnd,
  options: ResumeOptions,
): Promise<Resumed<CallResumption | StepResumption>> {
  if ('runs' in result) {
    const { resolved, status } = await findPauses(interruptsOf(result), (call) => pauseOf(call.runId, call), options)
    return { status, resumptions: resolved.map(({ interrupt: _, ...which }) => ({ resumeData: wakeUp, ...which })) }
  }
  const { runId } = result
  const waiting = interruptsOf(result)
  if (runId === undefined) return { status: waiting.length === 0 ? 'nothing' : 'unknown', resumptions: [] }
  const { resolved, status } = await findPauses(waiting, () => pauseOf(runId), options)
  return { status, resumptions: resolved.map(({ step }) => ({ resumeData: wakeUp, step: [...step] })) }
}

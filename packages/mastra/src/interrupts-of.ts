import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'

/** A guarded call of an agent that waits for a person. */
export interface PendingCall {
  /** Mastra's id of the agent's run. For a call within another agent: the id of the outer run. */
  readonly runId: string
  /** Absent in versions of Mastra that do not list it. There, the run's id alone resumes the call. */
  readonly toolCallId?: string
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** A guarded step of a workflow that waits for a person. */
export interface PendingStep {
  /** The path to the step, for `run.resume({ step })`. */
  readonly step: readonly string[]
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** The parts of the result of `agent.listSuspendedRuns()` that are read. */
export interface SuspendedRuns {
  /** The suspended runs, each with the calls that wait in it. */
  readonly runs: readonly {
    readonly runId: string
    readonly toolCalls: readonly { readonly toolCallId?: string; readonly suspendPayload?: unknown }[]
  }[]
}

/** The parts of the result of a workflow's `run.start()` or `run.resume()` that are read. */
export interface WorkflowEnd {
  /** End of the run. Only a run with status `suspended` has steps that wait. */
  readonly status: string
  /** Mastra returns it, but its types omit it. If it is missing, pass the run's own `runId`. */
  readonly runId?: string
  /** Paths of the suspended steps, each from the outermost workflow inwards. Absent if no step is suspended. */
  readonly suspended?: readonly (readonly string[])[]
  /** Results of the steps by the step's id. A suspended step's result has its `suspendPayload`. */
  readonly steps: object
}

/**
 * Lists the guarded calls that wait, for display or storage.
 *
 * Only reads; sends no request to a person. Omits calls that tools suspended themselves. If an agent calls another
 * agent or a workflow as a tool, its calls are listed with the run and the call of the outer agent. Storage holds the
 * runs of all users: filter `listSuspendedRuns` by the thread and resource of the current user. An unguarded tool that
 * suspends with text of a model may look like a guarded call: show no `url` except of your own pages.
 *
 * @param result - Result of `agent.listSuspendedRuns(…)` (an agent's own result names one call at most), or result of a
 *   workflow's run.
 */
export function interruptsOf(result: SuspendedRuns): readonly PendingCall[]
/**
 * Returns the guarded steps of a workflow's run that wait. Steps that suspended themselves are left out.
 *
 * @param result - What `run.start()` or `run.resume()` returned.
 */
export function interruptsOf(result: WorkflowEnd): readonly PendingStep[]
export function interruptsOf(result: SuspendedRuns | WorkflowEnd): readonly (PendingCall | PendingStep)[] {
  return 'runs' in result ? callsOf(result) : stepsOf(result)
}

function callsOf({ runs }: SuspendedRuns): PendingCall[] {
  return runs.flatMap(({ runId, toolCalls }) =>
    toolCalls.flatMap(({ toolCallId, suspendPayload }) => {
      const interrupt = interruptIn(suspendPayload)
      return interrupt === undefined ? [] : [{ runId, interrupt, ...(toolCallId !== undefined && { toolCallId }) }]
    }),
  )
}

/**
 * Returns the interrupt of a payload. If another agent made the call, its payload is inside the payload of that agent's
 * call.
 */
function interruptIn(payload: unknown): Interrupt | undefined {
  const interrupt = parseInterrupt(payload)
  if (interrupt !== undefined || typeof payload !== 'object' || payload === null) return interrupt
  return 'suspendPayload' in payload ? interruptIn(payload.suspendPayload) : undefined
}

function stepsOf({ status, suspended = [], steps }: WorkflowEnd): PendingStep[] {
  if (status !== 'suspended') return []
  return suspended.flatMap((step) => {
    const interrupt = parseInterrupt(payloadAt(steps, step))
    return interrupt === undefined ? [] : [{ step: [...step], interrupt }]
  })
}

/**
 * Returns the payload of a step. A step of a nested workflow is named by its path, and the outermost workflow stores
 * its payload.
 */
function payloadAt(steps: object, [first = '']: readonly string[]): unknown {
  const step: unknown = Object.entries(steps).find(([name]) => name === first)?.[1]
  return typeof step === 'object' && step !== null && 'suspendPayload' in step ? step.suspendPayload : undefined
}

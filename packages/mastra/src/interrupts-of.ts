import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'

/** A guarded call of an agent that waits for a person. */
export interface PendingCall {
  /** Mastra's id of the agent's run. Of a call within another agent: the id of the outer run. */
  readonly runId: string
  /** Absent in versions of Mastra that do not list it; there, the run's id alone resumes the call that waits. */
  readonly toolCallId?: string
  /** What the person has to do. Its `kind` says whether that is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** A guarded step of a workflow that waits for a person. */
export interface PendingStep {
  /** The path to the step, for `run.resume({ step })`. */
  readonly step: readonly string[]
  /** What the person has to do. Its `kind` says whether that is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** What `agent.listSuspendedRuns()` gives, as far as it is read. */
export interface SuspendedRuns {
  /** The suspended runs, each with the calls that wait in it. */
  readonly runs: readonly {
    readonly runId: string
    readonly toolCalls: readonly { readonly toolCallId?: string; readonly suspendPayload?: unknown }[]
  }[]
}

/** What a workflow's `run.start()` and `run.resume()` give, as far as it is read. */
export interface WorkflowEnd {
  /** How the run ended. Only a run with status `suspended` has steps that wait. */
  readonly status: string
  /** Mastra gives it, and its types do not say so: where it is missing, say that of the run. */
  readonly runId?: string
  /** Paths of the suspended steps, each from the outermost workflow inwards. Absent where no step is suspended. */
  readonly suspended?: readonly (readonly string[])[]
  /** Results of the steps by the step's id. A suspended step's result has its `suspendPayload`. */
  readonly steps: object
}

/**
 * The guarded calls that wait, ready to be shown or stored.
 *
 * Only reads; sends no request to a person. Leaves out what tools suspended themselves. If an agent calls another agent
 * or a workflow as a tool, its calls are listed with the run and the call of the outer agent. Storage holds the runs of
 * all users: filter `listSuspendedRuns` by the thread and resource of the current user. An unguarded tool that suspends
 * with text of a model may look like a guarded call: show no `url` except of your own pages.
 *
 * @param result - What `agent.listSuspendedRuns(…)` gave (an agent's own result names one call at most), or how a workflow's run ended.
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

/** Of a call that another agent made, the payload is kept within that of the call of the agent. */
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

/** A nested workflow's step is named by its path, and its payload is kept with the outermost. */
function payloadAt(steps: object, [first = '']: readonly string[]): unknown {
  const step: unknown = Object.entries(steps).find(([name]) => name === first)?.[1]
  return typeof step === 'object' && step !== null && 'suspendPayload' in step ? step.suspendPayload : undefined
}

import type { Interrupt } from '@behalf/core'
import type { RunState, RunToolApprovalItem } from '@openai/agents'
import { argumentsIn, findingKey, runOf } from './call-context.ts'

/** The parts of a run's state that are read, for any context and any agents. */
// biome-ignore lint/suspicious/noExplicitAny: the framework's generics are invariant; no narrower type takes every run.
export type AnyRunState = Pick<RunState<any, any>, '_context' | 'approve' | 'getInterruptions' | 'toJSON'>

/** The result of `run`, also of a stream that has ended, or the state of a run. */
export type PausedRun = AnyRunState | { readonly state: AnyRunState }

/** A guarded call that waits for a person. */
export interface PendingCall {
  /** The framework's id of the call. */
  readonly callId: string
  /** Name of the agent that made the call. Another than the first one after a handoff, or in an agent used as a tool. */
  readonly agent: string
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** A pending call with the framework's own item, which an approval names. @internal */
export interface PendingItem extends PendingCall {
  readonly item: RunToolApprovalItem
}

export const stateOf = (run: PausedRun): AnyRunState => ('state' in run ? run.state : run)

/**
 * Lists the guarded calls that wait, for display or storage. Of a stream, call it when the stream has ended.
 *
 * Only reads; sends no request to a person. Omits tools that are not guarded. A client may have changed a saved run that
 * it keeps: show an interrupt, but base no decision on it.
 *
 * @param run - Result of `run`, or what `restoreRun` returned.
 */
export function interruptsOf(run: PausedRun): readonly PendingCall[] {
  return pendingItems(stateOf(run)).map(({ item: _, ...call }) => call)
}

export function pendingItems(state: AnyRunState): readonly PendingItem[] {
  const { findings } = runOf(state._context)
  return state.getInterruptions().flatMap((item) => {
    const call = callOf(item)
    const finding = call && findings.get(findingKey(call.name, call.callId, call.input))
    if (call === undefined || finding === undefined || !('interrupt' in finding)) return []
    return [{ callId: call.callId, agent: item.agent.name, interrupt: finding.interrupt, item }]
  })
}

/** Returns the function call of an item. Items of hosted tools have none. */
export function callOf({ rawItem }: RunToolApprovalItem) {
  if (rawItem.type !== 'function_call') return undefined
  const { name, callId } = rawItem
  return { name, callId, input: argumentsIn(rawItem.arguments) }
}

import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import { isPause } from './pause-id.ts'

/** A guarded call that waits for a person. */
export interface PendingInterrupt {
  /** Id of the pause, which a resume names. It is the same after each early resume. */
  readonly id: string
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** A pause in LangGraph's form. */
export interface GraphPause {
  /** LangGraph's id of the pause. The guard's pauses are recognised by it; a pause without an id is left out. */
  readonly id?: string | undefined
  /** Value that the pausing code passed. For a pause of the guard: the interrupt. */
  readonly value?: unknown
}

/** Result of `graph.getState`, or of `invoke`. */
export type PausedState =
  | { readonly tasks: readonly { readonly interrupts: readonly GraphPause[] }[] }
  | { readonly __interrupt__?: readonly GraphPause[] | undefined }
  // A result has the type of the graph's state.
  | object

/**
 * The guarded calls that wait, ready to be shown or stored.
 *
 * Only reads; sends no request to a person. Leaves out interrupts of tools that are not guarded: they may hold text
 * that a model wrote, with a page's address. For a stream, and after a restart, give the state:
 * `await graph.getState(config)` (of an agent: `agent.graph`).
 */
export function interruptsOf(state: PausedState): readonly PendingInterrupt[] {
  return pausesOf(state).flatMap(({ id, value }) => {
    const interrupt = isPause(id) ? parseInterrupt(value) : undefined
    return interrupt === undefined || id === undefined ? [] : [{ id, interrupt }]
  })
}

function pausesOf(state: PausedState): readonly GraphPause[] {
  if ('tasks' in state && Array.isArray(state.tasks)) {
    return state.tasks.flatMap((task: { readonly interrupts?: readonly GraphPause[] }) => task.interrupts ?? [])
  }
  return '__interrupt__' in state && Array.isArray(state.__interrupt__) ? state.__interrupt__ : []
}

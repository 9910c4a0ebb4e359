import { ConfigurationError, type Interrupt } from '@behalf/core'
import { interrupt, isGraphBubbleUp } from '@langchain/langgraph'
import type { GuardedCall } from './guarded-tools.ts'
import { reportError } from './report-error.ts'
import type { RunConfig } from './run-config.ts'
import { scratchpadOf } from './siblings.ts'

/** What a paused call is resumed with: says that it is worth a look, and nothing else. */
export const wakeUp = { behalf: 'look again' } as const

/**
 * Pauses the graph until somebody resumes it: LangGraph ends the run here, and begins the tool anew when it goes on.
 *
 * @returns Whether to look again: resumed. `false`: nothing here can pause, since there is no graph or no checkpointer.
 */
export async function pause(
  pending: Interrupt,
  call: GuardedCall,
  config: RunConfig,
  siblingsDone: () => Promise<void>,
): Promise<boolean> {
  if (scratchpadOf(config) === undefined) return false
  if (!config.configurable?.__pregel_checkpointer) {
    reportError(
      new ConfigurationError('checkpointer', `is missing: the graph has to pause for ${call.name}, and cannot`),
      call,
    )
    return false
  }
  await siblingsDone()
  try {
    interrupt(pending)
  } catch (error) {
    if (isGraphBubbleUp(error as Error)) throw error
    reportError(error, call)
    return false
  }
  return true
}

/**
 * Takes the wake-ups that are meant for this call, before its tool runs: LangGraph counts the interrupts of a task,
 * and a tool that asks something by an `interrupt()` of its own would get a wake-up of ours for its answer.
 */
export function takeWakeUps(config: RunConfig): void {
  const scratchpad = scratchpadOf(config) as Scratchpad | undefined
  while (isWakeUp(scratchpad?.resume?.[(scratchpad.interruptCounter ?? -1) + 1])) interrupt(undefined)
}

interface Scratchpad {
  readonly interruptCounter?: number
  readonly resume?: readonly unknown[]
}

const isWakeUp = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'behalf' in value && value.behalf === wakeUp.behalf

import { ConfigurationError, type Interrupt } from '@behalf/core'
import { tellError } from '@behalf/core/spi'
import { GraphInterrupt } from '@langchain/langgraph'
import { canPause, scratchpadOf } from './graph-task.ts'
import type { GuardedCall } from './guard-tools-options.ts'
import { pauseId } from './pause-id.ts'
import type { RunConfig } from './run-config.ts'

/**
 * The error that pauses the graph until the app resumes it: LangGraph ends the run, and later runs the tool from its
 * beginning. The pause has its own id, so that no other question gets its answer. It holds the guard's proof that the
 * interrupt was made for this pause.
 *
 * @returns `undefined`: nothing here can pause, since there is no graph or no checkpointer.
 */
export async function pauseFor(
  pending: Interrupt,
  call: GuardedCall,
  place: readonly unknown[],
  config: RunConfig,
): Promise<GraphInterrupt | undefined> {
  if (scratchpadOf(config) === undefined) return undefined
  if (canPause(config)) {
    const id = await pauseId('pause', place)
    return new GraphInterrupt([{ id, value: await call.guard.pauses.bind(pending, id) }])
  }
  const what = `is missing: the graph has to pause for ${call.name}, and cannot`
  tellError(new ConfigurationError('checkpointer', what), call.name, call)
  return undefined
}

import { runOf } from './call-context.ts'
import type { AnyTool, GuardedCall } from './guard-tools-options.ts'

/**
 * Returns what the framework adds to the output item of a call, for the app only: the tool's own data, and, under
 * `behalf/replayed`, when the run of a replayed result began.
 */
export const customDataOf =
  ({ own }: GuardedCall): NonNullable<AnyTool['customDataExtractor']> =>
  async (item) => {
    const { replays } = runOf(item.runContext)
    const ranAt = replays.get(item.toolCall.callId)
    replays.delete(item.toolCall.callId)
    const data = await own.customDataExtractor?.(item)
    return ranAt === undefined ? data : { ...data, 'behalf/replayed': { ranAt } }
  }

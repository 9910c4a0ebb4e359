import { parseInterrupt } from '@behalf/core'
import { type CallInMessages, pauseOf, writtenIn } from './call-in-messages.ts'
import type { GuardedCall } from './guarded-tools.ts'
import { writtenOf } from './written-by.ts'

/**
 * The arguments as the model wrote them, by which the guard names a call. Of a call that messages hold, what a client could
 * have written counts only as far as the guard's own request was made for it.
 */
export async function rawInputOf(
  { options: { guard, threadId } }: GuardedCall,
  { id, answered }: CallInMessages,
  input: unknown,
): Promise<unknown> {
  const fresh = writtenOf(input)
  if (fresh !== undefined || answered === undefined) return fresh ?? input
  const interrupt = parseInterrupt(answered.reason)
  const [written] = writtenIn(answered, input)
  const isOwn = interrupt !== undefined && (await guard.pauses.isOwn(interrupt, pauseOf(threadId, id, input, written)))
  return isOwn ? written : input
}

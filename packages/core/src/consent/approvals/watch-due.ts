import { nextStepAt } from './poll-times.ts'
import type { RunRecord } from './record.ts'

/** The queue of questions to poll. */
export const LOOKS = 'looks'

/** A sender holds a lease of 45 s. A question that is still unsent after this time has no sender. */
const UNSENT_SECONDS = 60

/** A caller that waits in the foreground has used the answer by then, and needs no notification. */
const FOREGROUND_SECONDS = 10

/**
 * Next time that a watcher polls a record, in epoch seconds; Returns `undefined` if nothing remains to be done.
 *
 * An answered question stays in the queue until the app is notified: another watcher continues if this one dies in
 * between.
 */
export function dueOf({ question, delivery, state, told }: RunRecord, now: number): number | undefined {
  if (question === undefined) return undefined
  switch (state) {
    case 'requested':
      return now + UNSENT_SECONDS
    case 'pending':
      return delivery && nextStepAt({ question, delivery })
    case 'approved':
    case 'denied':
    case 'expired':
    case 'failed':
    case 'cancelled':
    case 'revoked':
      return told === true ? undefined : now + FOREGROUND_SECONDS
    default:
      return undefined
  }
}

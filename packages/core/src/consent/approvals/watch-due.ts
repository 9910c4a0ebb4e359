import { nextStepAt } from './poll-times.ts'
import type { RunRecord } from './record.ts'

/** Name of the queue of questions to poll. */
export const POLLS = 'polls'

/** Time after which an unsent question counts as having no sender, in seconds. A sender has a lease of 45 s. */
const UNSENT_SECONDS = 60

/** Time in which a caller that waits in the foreground uses the answer, in seconds. It needs no notification then. */
const FOREGROUND_SECONDS = 10

/**
 * Returns the next time that a watcher polls a record, in epoch seconds. Returns `undefined` if nothing remains to be
 * done.
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

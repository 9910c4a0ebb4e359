import { nextStepAt } from './poll-times.ts'
import type { RunRecord } from './record.ts'

/** The queue of questions to poll. */
export const LOOKS = 'looks'

/** Whoever sends a question holds a lease of 45 s meanwhile; one that is unsent after this is forgotten. */
const UNSENT_SECONDS = 60

/** Whoever waits for an answer in the foreground has used it by then, and needs not be told. */
const FOREGROUND_SECONDS = 10

/**
 * Next time that a watcher polls a record, in epoch seconds; `undefined` where nothing is left to do.
 *
 * An answered question stays in the queue until the app was told of it: a watcher that died between
 * answer and telling is replaced by the next one.
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

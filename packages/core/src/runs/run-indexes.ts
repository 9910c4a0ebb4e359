import { type Principal, principalKey } from '../base/contract/index.ts'
import type { Name } from '../records/index.ts'
import { revocableName, revocableNames } from '../records/revocation/index.ts'
import { nextStepAt } from './poll-times.ts'
import { bucketOf, isOpen, isSettled, type Refused, type RunRecord } from './record.ts'

/** The index names under which runs are found, by owner, approver and tool. */
export const runIndex = {
  /** Equal runs that run, are in doubt, or whose result was not delivered. */
  started: (binding: string): Name => ['started', binding],
  /** Questions of equal runs that are open. */
  asked: (binding: string): Name => ['asked', binding],
  /** Questions that are open to this person. */
  approver: (approver: Principal): Name => ['approver', principalKey(approver)],
  /** Runs of this owner, or of this session of an issuer's, that are not settled. */
  owner: revocableName,
  /** Denials, by their time. */
  refused: ({ owner, approver, tool }: Refused, bucket: number): Name => [
    'refused',
    principalKey(owner),
    principalKey(approver),
    tool,
    bucket,
  ],
}

/** Returns all index names of a record. */
export function indexOfRun(record: RunRecord): readonly Name[] {
  const { owner, sessionIds = [], state, question, binding, tool, endedAt = 0 } = record
  const { inDoubtSince, undeliveredSince } = record
  const names: Name[] = []
  if (!isSettled(state)) names.push(...revocableNames(owner, sessionIds))
  if (state === 'running' || (inDoubtSince ?? undeliveredSince) !== undefined) names.push(runIndex.started(binding))
  // Only open questions are listed for their approver, so that the page stays short (A14).
  if (question !== undefined && isOpen(record)) {
    names.push(runIndex.approver(question.approver), runIndex.asked(binding))
  }
  if (state === 'denied' && question !== undefined) {
    names.push(runIndex.refused({ owner, approver: question.approver, tool }, bucketOf(endedAt)))
  }
  return names
}

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
    case 'running':
    case 'completed':
    case 'threw':
    case 'crashed':
      return undefined
    default:
      return told === true ? undefined : now + FOREGROUND_SECONDS
  }
}

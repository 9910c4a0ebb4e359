import { type Principal, principalKey } from '../../base/contract/index.ts'
import type { Name } from '../../base/records/index.ts'
import { revocableName, revocableNames } from '../revocation/index.ts'
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

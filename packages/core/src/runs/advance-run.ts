import type { DenyCode } from '../base/contract/index.ts'
import type { ApprovalChannel, ChannelContext } from './channels/approval-channel.ts'
import { deliverQuestion, type NotSent } from './deliver-question.ts'
import { recordCrash } from './find-run.ts'
import { pollForAnswer } from './poll-for-answer.ts'
import { endOf, isDeliveryOver, SKEW_SECONDS } from './poll-times.ts'
import type { Entry, RunRecord, StoredResult } from './record.ts'
import { approvalOf, closed, inTime, isUnsent, mayRunAgain, noteOf, type RunState, stateOf } from './run-state.ts'
import type { RunStore } from './run-store.ts'
import { askedAgain, isPending, type Pending } from './write-answer.ts'

/** State of a run for its caller. */
export type Settled =
  /** The run may be claimed. */
  | { readonly status: 'ready'; readonly entry: Entry }
  /** The run completed; this is its result. */
  | { readonly status: 'replay'; readonly entry: Entry; readonly result: StoredResult }
  /** A person has to answer. */
  | { readonly status: 'pending'; readonly entry: Entry }
  | { readonly status: 'refused'; readonly entry: Entry; readonly code: DenyCode; readonly why: string }
  | NotSent

const refusals: Partial<Record<RunState, readonly [DenyCode, string]>> = {
  denied: ['approval_denied', 'the person said no'],
  expired: ['approval_expired', 'the approval expired'],
  failed: ['approval_failed', 'the answer could not be trusted'],
  cancelled: ['approval_cancelled', 'the owner cancelled it'],
  revoked: ['revoked', 'the approval was revoked'],
  threw: ['too_many_attempts', 'it was tried three times, and none returned a result'],
  crashed: ['unknown_outcome', 'the body did not return: see approvals.resolve, HadNoEffect and writesOnlyBy'],
}

/**
 * Brings a run as far as it goes without running it: asks what has to be asked, polls for the answer
 * when a poll is due. Each step is persisted before the next one begins.
 */
export async function advanceRun(
  runStore: RunStore,
  entry: Entry,
  channel: ApprovalChannel | undefined,
  context: ChannelContext,
): Promise<Settled> {
  const current = await advance(runStore, await recordCrash(runStore, entry), channel, context)
  if ('status' in current) return current
  const { record } = current
  // It stays in doubt until a claim starts it again, so that no reader removes the doubt.
  if (mayRunAgain(record, await runStore.timeFor(record))) return { status: 'ready', entry: current }
  if (record.end?.how === 'completed') return { status: 'replay', entry: current, result: record.end.result }
  const state = stateOf(record)
  const refusal = refusals[state]
  if (refusal !== undefined) {
    const code = isUnsent(record) ? 'approval_not_sent' : refusal[0]
    return { status: 'refused', entry: current, code, why: noteOf(record) ?? refusal[1] }
  }
  switch (state) {
    case 'running':
      return { status: 'busy', entry: current, retryAfter: 2, why: 'the same call is running now', isRunning: true }
    case 'approved':
      return { status: 'ready', entry: current }
    default:
      return { status: 'pending', entry: current }
  }
}

async function advance(
  runStore: RunStore,
  entry: Entry,
  channel: ApprovalChannel | undefined,
  context: ChannelContext,
): Promise<Entry | Settled> {
  let current = await voidIfOver(runStore, entry, channel)
  if (channel === undefined) return current
  if (isPending(current.record)) {
    current = await voidIfOver(runStore, await pollForAnswer(runStore, current, channel, context), channel)
  }
  if (stateOf(current.record) === 'requested') {
    return deliverQuestion(runStore, current, channel, context)
  }
  return current
}

/**
 * Ends a run that is past its time: the first reader does this. A question that outlives its delivery is sent again
 * (A7).
 */
async function voidIfOver(runStore: RunStore, entry: Entry, channel: ApprovalChannel | undefined): Promise<Entry> {
  const now = await runStore.timeFor(entry.record)
  return runStore.update(entry, (record) => {
    if (!isOver(record, now, channel)) return undefined
    return isPending(record) ? undelivered(record, now) : expired(record, now)
  })
}

function isOver(record: RunRecord, now: number, channel: ApprovalChannel | undefined): boolean {
  const state = stateOf(record)
  if (state === 'approved') return !inTime(approvalOf(record)?.usableUntil, now)
  if (isPending(record)) {
    // A last poll first: an answer that was given in time counts, even if it is found late (A7).
    if (channel?.poll !== undefined) return isDeliveryOver(record.question, now)
    // If its channel is missing here, other processes may still poll it.
    return now >= endOf(record.question) + (channel === undefined ? SKEW_SECONDS : 0)
  }
  return state === 'requested' && !inTime(record.question?.expiresAt, now)
}

function undelivered(record: Pending, now: number): RunRecord {
  return askedAgain(record, record.question.delivery.receivedAt === undefined ? 'expired' : 'answer_lost', now)
}

function expired(record: RunRecord, at: number): RunRecord {
  const why = approvalOf(record) && 'the answer was not used in time'
  return { ...record, question: closed(record.question), end: { how: 'expired', at, why } }
}

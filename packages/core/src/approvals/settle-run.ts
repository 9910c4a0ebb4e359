import type { DenyCode } from '../contract/index.ts'
import type { ApprovalChannel, ChannelContext } from './approval-channel.ts'
import { MAX_TRIES } from './claim-run.ts'
import { deliverQuestion } from './deliver-question.ts'
import { noteCrash } from './find-run.ts'
import type { Ledger } from './ledger.ts'
import { askedAgain, isPending, lookForAnswer, type Pending } from './look-for-answer.ts'
import { isDeliveryOver } from './poll-times.ts'
import type { Entry, RunRecord, RunState, StoredResult } from './record.ts'

/** Where a run stands. */
export type Settled =
  /** It may be claimed. */
  | { readonly status: 'ready'; readonly entry: Entry }
  /** It ran; this is what it gave. */
  | { readonly status: 'replay'; readonly entry: Entry; readonly result: StoredResult }
  /** A person has to answer. */
  | { readonly status: 'pending'; readonly entry: Entry }
  | { readonly status: 'refused'; readonly entry: Entry; readonly code: DenyCode; readonly why: string }
  /** Somebody runs it now, or the person had too many questions. */
  | {
      readonly status: 'busy'
      readonly entry: Entry
      readonly retryAfter: number
      readonly why: string
      /** The body itself is being run. */
      readonly underWay: boolean
    }

const refusals: Partial<Record<RunState, readonly [DenyCode, string]>> = {
  denied: ['approval_denied', 'the person said no'],
  expired: ['approval_expired', 'the approval ran out'],
  failed: ['approval_failed', 'the question or its answer could not be trusted'],
  cancelled: ['approval_cancelled', 'the owner cancelled the question'],
  revoked: ['revoked', 'the approval was revoked'],
  threw: ['too_many_attempts', 'the body threw at each of its tries, and had no effect'],
  crashed: ['unknown_outcome', 'the body did not return: it may have taken effect'],
}

/**
 * Brings a run as far as it goes without running it: asks what has to be asked, looks for the answer
 * when a look is due. Each step is persisted before the next one begins.
 */
export async function settleRun(
  ledger: Ledger,
  entry: Entry,
  channel: ApprovalChannel | undefined,
  context: ChannelContext,
): Promise<Settled> {
  const current = await advance(ledger, await noteCrash(ledger, entry), channel, context)
  if ('status' in current) return current
  const { record } = current
  const refusal = refusals[record.state]
  if (refusal !== undefined) {
    const code = record.unsent === true ? 'approval_not_sent' : refusal[0]
    return { status: 'refused', entry: current, code, why: record.note ?? refusal[1] }
  }
  switch (record.state) {
    case 'completed':
      return { status: 'replay', entry: current, result: record.result ?? { kind: 'undefined' } }
    case 'running':
      return { status: 'busy', entry: current, retryAfter: 2, why: 'the same call is running now', underWay: true }
    case 'approved':
      return { status: 'ready', entry: current }
    default:
      return { status: 'pending', entry: current }
  }
}

async function advance(
  ledger: Ledger,
  entry: Entry,
  channel: ApprovalChannel | undefined,
  context: ChannelContext,
): Promise<Entry | Settled> {
  let current = await voidIfOver(ledger, entry)
  if (channel === undefined) return current
  if (current.record.state === 'pending') {
    current = await voidIfOver(ledger, await lookForAnswer(ledger, current, channel, context))
  }
  if (current.record.state === 'requested') {
    const delivered = await deliverQuestion(ledger, current, channel, context)
    if (delivered.status === 'too_many') {
      return {
        status: 'busy',
        entry,
        retryAfter: delivered.retryAfter,
        why: 'this person was asked too often',
        underWay: false,
      }
    }
    current = delivered.entry
  }
  return current
}

/** What is past its time is void, whoever reads it first. */
function voidIfOver(ledger: Ledger, entry: Entry): Promise<Entry> {
  const now = ledger.now()
  return ledger.update(entry, (record) => {
    const unusable = record.usableUntil !== undefined && now >= record.usableUntil
    if (record.state === 'crashed' && !unusable && maySameRunStartAgain(record)) return { ...record, state: 'approved' }
    if (!isOver(record, now)) return undefined
    return isPending(record) ? undelivered(record, now) : expired(record, now)
  })
}

const maySameRunStartAgain = ({ onCrash, tries = 0 }: RunRecord): boolean => onCrash === 'retry' && tries < MAX_TRIES

function isOver(record: RunRecord, now: number): boolean {
  const { state, usableUntil, question } = record
  if (state === 'approved') return usableUntil !== undefined && now >= usableUntil
  // A last poll first: an answer given in time counts, even when it is found late (A7).
  if (isPending(record)) return isDeliveryOver(record, now)
  return state === 'requested' && question !== undefined && now >= question.expiresAt
}

function undelivered(record: Pending, now: number): RunRecord {
  return askedAgain(record, record.delivery.receivedAt === undefined ? 'expired' : 'answer_lost', now)
}

function expired({ token: _, ...record }: RunRecord, now: number): RunRecord {
  // A body began under it once: that it was not used would be an untruth.
  if (record.runner !== undefined) return { ...record, state: 'crashed', inDoubtSince: record.inDoubtSince ?? now }
  const unused = record.state === 'approved' && { note: 'the answer was not used in time' }
  return { ...record, ...unused, state: 'expired', endedAt: now }
}

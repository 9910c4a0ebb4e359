import type { DenyCode } from '../contract/index.ts'
import type { ApprovalChannel, ChannelContext } from './approval-channel.ts'
import { MAX_TRIES } from './claim-run.ts'
import { deliverQuestion } from './deliver-question.ts'
import { noteCrash } from './find-run.ts'
import type { Entry, Ledger } from './ledger.ts'
import { lookForAnswer } from './look-for-answer.ts'
import type { RunRecord, RunState, StoredResult } from './record.ts'

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
    return { status: 'refused', entry: current, code: refusal[0], why: record.note ?? refusal[1] }
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

/** What is past its time is void, whoever looks first. */
function voidIfOver(ledger: Ledger, entry: Entry): Promise<Entry> {
  const now = ledger.now()
  return ledger.update(entry, (record) => {
    const unusable = record.usableUntil !== undefined && now >= record.usableUntil
    if (record.state === 'crashed' && !unusable && maySameRunStartAgain(record)) return { ...record, state: 'approved' }
    if (!isOver(record, now)) return undefined
    const { token: _, ...rest } = record
    // A body began under it once: that it was not used would be an untruth.
    if (record.runner !== undefined) return { ...rest, state: 'crashed', inDoubtSince: record.inDoubtSince ?? now }
    return { ...rest, state: 'expired', endedAt: now }
  })
}

const maySameRunStartAgain = ({ onCrash, tries = 0 }: RunRecord): boolean => onCrash === 'retry' && tries < MAX_TRIES

function isOver(record: RunRecord, now: number): boolean {
  if (record.state === 'approved') return record.usableUntil !== undefined && now >= record.usableUntil
  // A last look first: an answer given in time counts, even when it is found late (A7).
  const { question, delivery } = record
  const lookedAfterEnd = question !== undefined && (delivery?.lookedAt ?? 0) >= question.expiresAt
  if (record.state === 'pending') return lookedAfterEnd
  return record.state === 'requested' && record.question !== undefined && now >= record.question.expiresAt
}

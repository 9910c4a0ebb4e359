import { revealToken } from '../credential/token.ts'
import type { ApprovalAnswer } from './channels/approval-channel.ts'
import { isSentOut, jsonObject } from './deliver-question.ts'
import {
  type Delivered,
  endOf,
  intervalOf,
  isUsable,
  nextPollAt,
  SKEW_SECONDS,
  useWithinSeconds,
} from './poll-times.ts'
import type { Approval, Delivery, Denial, Entry, RunRecord, StoredQuestion } from './record.ts'
import { stateOf, withdrawn } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** A question that was delivered and waits for its answer. */
export type Pending = RunRecord & { readonly question: Delivered }

export const isPending = (record: RunRecord): record is Pending => stateOf(record) === 'pending'

/** Times at which the poll was sent and its answer arrived. Epoch seconds. */
interface Times {
  readonly sentAt: number
  readonly now: number
}

/** Maximum size of the evidence in a record, in characters of its JSON. */
const MAX_EVIDENCE = 16 * 1024

/** Returns a copy of the evidence to store. */
export function evidenceOf(value: unknown): Approval['evidence'] {
  const copy = jsonObject(value)
  return copy !== undefined && JSON.stringify(copy).length <= MAX_EVIDENCE ? copy : undefined
}

/**
 * Writes an answer into its record. Only this function writes answers, both polled and pushed ones.
 *
 * @param toAnswer - The answered question. Nothing is written if the newest record has another one.
 * @returns the record as it is now, and whether it was this answer that changed it.
 */
export async function writeAnswer(
  runStore: RunStore,
  entry: Entry,
  toAnswer: (question: StoredQuestion) => boolean,
  { answer, sentAt, now }: { readonly answer: ApprovalAnswer } & Times,
): Promise<{ readonly entry: Entry; readonly isWritten: boolean }> {
  let isWritten = false
  // Time by the clock of the store at that moment.
  const byStore = answer.status === 'approved' ? (await runStore.storeNow()) - runStore.now() + now : now
  const written = await runStore.update(entry, (record) => {
    isWritten = isPending(record) && toAnswer(record.question)
    return isWritten ? applied(record as Pending, answer, { sentAt, now }, byStore) : undefined
  })
  return { entry: written, isWritten }
}

/** Returns the record after an answer. */
export function applied(record: Pending, answer: ApprovalAnswer, times: Times, byStore = times.now): RunRecord {
  const { now } = times
  switch (answer.status) {
    case 'pending':
      return { ...record, question: { ...record.question, delivery: postponed(record, answer, times) } }
    case 'approved':
      return approved(record, answer, now, byStore)
    case 'denied': {
      const why = textOr(answer.detail, 'the person said no')
      // A no counts even if its evidence is invalid.
      const evidence = evidenceOf(answer.evidence)
      return answered(record, { decision: 'denied', at: now, why, evidence })
    }
    case 'failed':
      return ended(record, 'failed', textOr(answer.detail, 'the channel gave no reason'), now)
    case 'expired':
    case 'answer_lost':
      return askedAgain(record, answer.status, now)
    default:
      return answer satisfies never
  }
}

/** Channels are code of others: an answer that cannot be written would be lost, and the person asked again. */
const textOr = (detail: unknown, otherwise: string): string => (typeof detail === 'string' ? detail : otherwise)

type Of<Status> = Extract<ApprovalAnswer, { readonly status: Status }>

function postponed({ question }: Pending, answer: Of<'pending'>, { sentAt, now }: Times): Delivery {
  const { found = 'unanswered', retryAfter } = answer
  const { delivery } = question
  const before = delivery.interval
  const changed = {
    ...delivery,
    interval: Math.max(before, intervalOf(answer.interval, before)),
    state: answer.state ?? delivery.state,
    ...(found === 'unanswered' && { pendingAt: sentAt }),
    ...(found === 'answered' && { receivedAt: delivery.receivedAt ?? now }),
  }
  const end = endOf({ ...question, delivery: changed })
  return { ...changed, nextPollAt: nextPollAt({ now, interval: changed.interval, before, retryAfter, end }) }
}

/**
 * Applies an approval. An answer counts if it arrived before the question's end, or if the channel proves that it was
 * given before. Both allow for clock skew. Its use, and later revocations, count from the earliest possible time of the
 * answer.
 */
function approved(record: Pending, answer: Of<'approved'>, now: number, byStore: number): RunRecord {
  const { question } = record
  const { delivery } = question
  const { token } = answer
  // If the server was to enforce the approval, the SDK must not silently enforce it instead (A9).
  if (question.credential !== undefined && token === undefined) {
    return ended(record, 'failed', 'the answer brought no token, where the token is the approval', now)
  }
  const evidence = evidenceOf(answer.evidence)
  if (answer.evidence !== undefined && evidence === undefined) {
    return ended(record, 'failed', 'the evidence is no plain JSON object, or too large', now)
  }
  const provenAt = provenTime(answer, delivery, now)
  const foundAt = delivery.receivedAt ?? now
  if ((provenAt ?? foundAt) > question.expiresAt + SKEW_SECONDS) {
    return ended(record, 'expired', 'an answer was found after the question had ended', now)
  }
  // A clock that is ahead must not date an answer after a later revocation of its approver.
  const at = Math.min(provenAt ?? delivery.pendingAt ?? record.createdAt, byStore)
  const age = Math.max(0, Math.min(now, byStore) - at)
  const tokenEnd = token?.expiresAt ?? Number.POSITIVE_INFINITY
  const usableUntil = byStore + Math.min(useWithinSeconds(question) - age, tokenEnd - now)
  // A channel is code of the app: what else it says of its token may be nothing that can be written.
  const kept = token && {
    value: revealToken(token.value),
    scopes: token.scopes,
    expiresAt: token.expiresAt,
    actor: token.actor,
    keyThumbprint: token.keyThumbprint,
  }
  return answered(record, {
    decision: 'approved',
    at,
    foundAt: now,
    usableUntil,
    evidence,
    token: kept,
  })
}

function answered({ question, ...record }: Pending, answer: Approval | Denial): RunRecord {
  return { ...record, question: { ...question, delivery: undefined, again: undefined, answer } }
}

/**
 * Returns when the person answered, if the channel's time proves it. A time that is not clearly after the last poll
 * without an answer proves nothing: it may be the time of an earlier login.
 */
function provenTime({ answeredAt }: Of<'approved'>, { pendingAt = 0 }: Delivery, now: number): number | undefined {
  if (!isUsable(answeredAt) || answeredAt > now + SKEW_SECONDS) return undefined
  if (answeredAt >= now) return now
  return answeredAt < pendingAt + SKEW_SECONDS ? undefined : answeredAt
}

function ended(record: Pending, how: 'failed' | 'expired', why: string, at: number): RunRecord {
  return { ...record, question: withdrawn(record.question), end: { how, at, why } }
}

/** Asks again after a delivery ended without an answer, up to a limit: a question outlives its delivery (A7). */
export function askedAgain(record: Pending, why: 'expired' | 'answer_lost', now: number): RunRecord {
  if (now >= record.question.expiresAt || isSentOut(record.asked.sends, record.question)) {
    return ended(record, 'expired', why === 'expired' ? 'no answer in time' : 'the answer was lost', now)
  }
  return { ...record, question: { ...record.question, delivery: undefined, again: why } }
}

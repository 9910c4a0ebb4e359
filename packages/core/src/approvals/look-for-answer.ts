import { revealToken } from '../credential/token.ts'
import { BehalfError } from '../errors/index.ts'
import type { Answer, ApprovalChannel, ChannelContext } from './approval-channel.ts'
import { alone, BUSY_SECONDS, channelQuestion, MAX_SENDS } from './deliver-question.ts'
import { keepWriting, keptWrite } from './keep-writing.ts'
import type { Ledger } from './ledger.ts'
import { endOf, intervalOf, isUsable, nextPollAt, SKEW_SECONDS, useWithinSeconds } from './poll-times.ts'
import type { Delivery, Entry, RunRecord, StoredQuestion } from './record.ts'
import { withinBound } from './within-bound.ts'

/** A poller that died holds its question for the interval, but no longer than this. Seconds. */
const MAX_BUSY_SECONDS = 3600

/** A question that was delivered and waits for its answer. */
export type Pending = RunRecord & { readonly question: StoredQuestion; readonly delivery: Delivery }

export const isPending = (record: RunRecord): record is Pending =>
  record.state === 'pending' && record.question !== undefined && record.delivery !== undefined

/**
 * Polls for the answer once, when a poll is due: `pending -> approved | denied | …`.
 *
 * Never sends two polls at a time, nor one sooner than the channel's interval after the last response arrived.
 * An outage changes only the time of the next poll.
 */
export async function lookForAnswer(
  ledger: Ledger,
  entry: Entry,
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry> {
  const now = ledger.now()
  if (!isPending(entry.record) || now < entry.record.delivery.nextLookAt) return entry
  // A process that dies while it polls leaves no time of a response: its lease ends no sooner than the interval.
  const { interval } = entry.record.delivery
  const left = endOf(entry.record) + SKEW_SECONDS - now
  const seconds = Math.max(BUSY_SECONDS, Math.min(MAX_BUSY_SECONDS, interval, left))
  const polled = await alone(ledger, entry.record.id, seconds, async () => {
    const current = (await ledger.read(entry.record.id)) ?? entry
    const { record } = current
    if (!isPending(record) || ledger.now() < record.delivery.nextLookAt) return current
    return look(ledger, current, record, channel, context)
  })
  return polled ?? (await ledger.read(entry.record.id)) ?? entry
}

async function look(
  ledger: Ledger,
  entry: Entry,
  record: Pending,
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry> {
  context.signal?.throwIfAborted()
  const sentAt = ledger.now()
  const { delivery, question } = record
  const asked = {
    state: delivery.state,
    interval: delivery.interval,
    ...(delivery.expiresAt !== undefined && { expiresAt: delivery.expiresAt }),
  }
  const settle = (answer: Answer) => {
    const now = ledger.now()
    return keepWriting(ledger, record.id, () =>
      ledger.update(entry, (current) =>
        // An answer belongs to the question that was asked, and not to one that took its place.
        isPending(current) && current.question.id === question.id ? applied(current, answer, sentAt, now) : undefined,
      ),
    )
  }
  try {
    const request = channelQuestion({ ...record, question })
    const answer = await withinBound((signal) => channel.look(asked, request, { ...context, signal }))
    return await settle(answer)
  } catch (error) {
    // The answer is here, and the store did not take it yet.
    if (keptWrite(ledger, record.id) !== undefined) throw error
    // A request may have been sent: the next one keeps its distance (CIBA Core §10.1).
    const postponed = await settle({ status: 'pending', found: 'nothing', ...retryAfterOf(error) })
    if (BehalfError.isInstance(error) && error.retryable) return postponed
    throw error
  }
}

function retryAfterOf(error: unknown): { readonly retryAfter?: number } {
  const seconds = BehalfError.isInstance(error) && 'retryAfter' in error ? error.retryAfter : undefined
  return typeof seconds === 'number' ? { retryAfter: seconds } : {}
}

/**
 * Returns the record after an answer.
 *
 * @param sentAt - When the poll was sent. Epoch seconds.
 * @param now - When its response arrived. Epoch seconds.
 */
export function applied(record: Pending, answer: Answer, sentAt: number, now: number): RunRecord {
  switch (answer.status) {
    case 'pending':
      return { ...record, delivery: postponed(record, answer, sentAt, now) }
    case 'approved':
      return approved(record, answer, now)
    case 'denied':
      return ended(record, 'denied', textOr(answer.detail, 'the person said no'), now)
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

type Of<Status> = Extract<Answer, { readonly status: Status }>

function postponed({ question, delivery }: Pending, answer: Of<'pending'>, sentAt: number, now: number): Delivery {
  const { found = 'unanswered', retryAfter } = answer
  const before = delivery.interval
  const changed = {
    ...delivery,
    interval: Math.max(before, intervalOf(answer.interval, before)),
    state: answer.state ?? delivery.state,
    ...(found === 'unanswered' && { pendingAt: sentAt }),
    ...(found === 'answered' && { receivedAt: delivery.receivedAt ?? now }),
  }
  const end = endOf({ question, delivery: changed })
  return { ...changed, nextLookAt: nextPollAt({ now, interval: changed.interval, before, retryAfter, end }) }
}

/**
 * An answer counts that arrived before the question's end, or was given before it by the channel's proof; both plus
 * the difference that clocks may have. Its use, and what was revoked since, count from the earliest time at which it can
 * have been given.
 */
function approved(record: Pending, answer: Of<'approved'>, now: number): RunRecord {
  const { question, delivery } = record
  const { token } = answer
  // What was to be held by the server is not quietly held by us instead (A9).
  if (record.question.credential !== undefined && token === undefined) {
    return ended(record, 'failed', 'the answer brought no token, where the token is the approval', now)
  }
  const provenAt = provenTime(answer, delivery, now)
  const foundAt = delivery.receivedAt ?? now
  if ((provenAt ?? foundAt) > question.expiresAt + SKEW_SECONDS) {
    return ended(record, 'expired', 'an answer was found after the question had ended', now)
  }
  const { delivery: _, note: __, ...rest } = record
  const answeredAt = provenAt ?? delivery.pendingAt ?? record.createdAt
  const usableUntil = Math.min(answeredAt + useWithinSeconds(question), token?.expiresAt ?? Number.POSITIVE_INFINITY)
  return {
    ...rest,
    state: 'approved',
    answeredAt,
    foundAt: now,
    usableUntil,
    ...(token !== undefined && {
      token: {
        value: revealToken(token.value),
        scopes: token.scopes,
        ...(token.expiresAt !== undefined && { expiresAt: token.expiresAt }),
        ...(token.actor !== undefined && { actor: token.actor }),
        ...(token.keyThumbprint !== undefined && { keyThumbprint: token.keyThumbprint }),
      },
    }),
  }
}

/**
 * Returns when the person answered, where the channel's time proves it. A time that is not clearly after the question
 * was last found open proves nothing: it may be that of an earlier login.
 */
function provenTime({ answeredAt }: Of<'approved'>, { pendingAt = 0 }: Delivery, now: number): number | undefined {
  if (!isUsable(answeredAt) || answeredAt > now + SKEW_SECONDS) return undefined
  if (answeredAt >= now) return now
  return answeredAt < pendingAt + SKEW_SECONDS ? undefined : answeredAt
}

function ended(record: Pending, state: 'denied' | 'failed' | 'expired', note: string, now: number): RunRecord {
  const { delivery: _, ...rest } = record
  return { ...rest, state, note, endedAt: now }
}

/** A7: a question outlives its delivery. Until its end the person is asked again, a bounded number of times. */
export function askedAgain(record: Pending, why: 'expired' | 'answer_lost', now: number): RunRecord {
  if (now >= record.question.expiresAt || record.sends >= MAX_SENDS) {
    return ended(record, 'expired', why === 'expired' ? 'nobody answered in time' : 'the answer was lost', now)
  }
  const { delivery: _, ...rest } = record
  return { ...rest, state: 'requested', note: why }
}

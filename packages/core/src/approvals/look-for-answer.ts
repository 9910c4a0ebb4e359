import { revealToken } from '../credential/token.ts'
import { BehalfError } from '../errors/index.ts'
import type { Answer, ApprovalChannel, Asked, ChannelContext } from './approval-channel.ts'
import { alone, channelQuestion, MAX_SENDS } from './deliver-question.ts'
import type { Entry, Ledger } from './ledger.ts'
import type { Delivery, RunRecord, StoredQuestion } from './record.ts'
import { withinBound } from './within-bound.ts'

/** An approval that is not used within this time of the answer is void (A5). */
const USABLE_SECONDS = 15 * 60

type Pending = RunRecord & { readonly question: StoredQuestion; readonly delivery: Delivery }

const isPending = (record: RunRecord): record is Pending =>
  record.state === 'pending' && record.question !== undefined && record.delivery !== undefined

/**
 * Looks for the answer once, when a look is due: `pending -> approved | denied | …`.
 *
 * Never two looks at a time, and never sooner than the channel's interval after the last one was sent.
 * An outage leaves everything as it was, but for the time of the next look.
 */
export async function lookForAnswer(
  ledger: Ledger,
  entry: Entry,
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry> {
  if (!isPending(entry.record) || ledger.now() < entry.record.delivery.nextLookAt) return entry
  const looked = await alone(ledger, entry.record.id, async () => {
    const current = (await ledger.read(entry.record.id)) ?? entry
    const { record } = current
    if (!isPending(record) || ledger.now() < record.delivery.nextLookAt) return current
    return look(ledger, current, record, channel, context)
  })
  return looked ?? (await ledger.read(entry.record.id)) ?? entry
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
  const settle = (answer: Answer) =>
    ledger.update(entry, (current) =>
      // An answer belongs to the question that was asked, and not to one that took its place.
      isPending(current) && current.question.id === question.id
        ? applied(current, answer, sentAt, ledger.now())
        : undefined,
    )
  try {
    const request = channelQuestion({ ...record, question })
    const answer = await withinBound((signal) => channel.look(asked, request, { ...context, signal }))
    return await settle(answer.status === 'pending' && isOver(asked, sentAt) ? { status: 'expired' } : answer)
  } catch (error) {
    // Whatever went wrong, a request was sent: the next one keeps its distance (CIBA Core §10.1).
    const postponed = await settle({ status: 'pending', ...retryAfterOf(error) })
    if (BehalfError.isInstance(error) && error.retryable) return postponed
    throw error
  }
}

/** A channel that does not say that a delivery ran out has still told when it does. */
const isOver = ({ expiresAt }: Asked, sentAt: number): boolean => expiresAt !== undefined && sentAt >= expiresAt

function retryAfterOf(error: unknown): { readonly retryAfter?: number } {
  const seconds = BehalfError.isInstance(error) && 'retryAfter' in error ? error.retryAfter : undefined
  return typeof seconds === 'number' ? { retryAfter: seconds } : {}
}

/** The record after an answer. Pure. */
export function applied(record: Pending, answer: Answer, sentAt: number, now: number): RunRecord {
  switch (answer.status) {
    case 'pending': {
      const interval = Math.max(record.delivery.interval, answer.interval ?? 0)
      const nextLookAt = sentAt + Math.max(interval, answer.retryAfter ?? 0)
      const state = answer.state ?? record.delivery.state
      return { ...record, delivery: { ...record.delivery, interval, nextLookAt, state, lookedAt: sentAt } }
    }
    case 'approved':
      return approved(record, answer, now)
    case 'denied':
      return ended(record, 'denied', answer.detail ?? 'the person said no', now)
    case 'failed':
      return ended(record, 'failed', answer.detail, now)
    case 'expired':
    case 'answer_lost':
      return askedAgain(record, answer.status, now)
    default:
      return answer satisfies never
  }
}

function approved(record: Pending, { token }: Extract<Answer, { status: 'approved' }>, now: number): RunRecord {
  // What was to be held by the server is not quietly held by us instead (A9).
  if (record.question.credential !== undefined && token === undefined) {
    return ended(record, 'failed', 'the answer brought no token, where the token is the approval', now)
  }
  const { delivery: _, note: __, ...rest } = record
  const usableUntil = Math.min(now + USABLE_SECONDS, token?.expiresAt ?? Number.POSITIVE_INFINITY)
  return {
    ...rest,
    state: 'approved',
    answeredAt: now,
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

function ended(record: Pending, state: 'denied' | 'failed' | 'expired', note: string, now: number): RunRecord {
  const { delivery: _, ...rest } = record
  return { ...rest, state, note, endedAt: now }
}

/** A7: a request is not its delivery. Within the approval's life time the person is asked again, so often and no more. */
function askedAgain(record: Pending, why: 'expired' | 'answer_lost', now: number): RunRecord {
  if (now >= record.question.expiresAt || record.sends >= MAX_SENDS) {
    return ended(record, 'expired', why === 'expired' ? 'nobody answered in time' : 'the answer was lost', now)
  }
  const { delivery: _, ...rest } = record
  return { ...rest, state: 'requested', note: why }
}

import { BehalfError } from '../base/errors/index.ts'
import { copyOf } from '../base/values/index.ts'
import type { ApprovalAnswer, ApprovalChannel, ChannelContext, PolledChannel } from './channels/approval-channel.ts'
import { alone, askedOf, BUSY_SECONDS, channelQuestion, withinBound } from './deliver-question.ts'
import { keepWriting, keptWrite } from './keep-writing.ts'
import { endOf, SKEW_SECONDS } from './poll-times.ts'
import type { Entry, StoredQuestion } from './record.ts'
import type { RunStore } from './run-store.ts'
import { isPending, type Pending, writeAnswer } from './write-answer.ts'

/** Maximum time for which a dead poller blocks its question, in seconds. Normally it is the interval. */
const MAX_BUSY_SECONDS = 3600

/**
 * Polls for the answer once, when a poll is due: `pending -> approved | denied | …`.
 *
 * Never sends two polls at a time, nor one sooner than the channel's interval after the last response arrived.
 * An outage changes only the time of the next poll.
 */
export async function pollForAnswer(
  runStore: RunStore,
  entry: Entry,
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry> {
  const now = runStore.now()
  if (!isPolled(channel) || !isPending(entry.record) || now < entry.record.question.delivery.nextPollAt) return entry
  // A process that dies while it polls leaves no time of a response: its lease ends no sooner than the interval.
  const { interval } = entry.record.question.delivery
  const left = endOf(entry.record.question) + SKEW_SECONDS - now
  const seconds = Math.max(BUSY_SECONDS, Math.min(MAX_BUSY_SECONDS, interval, left))
  const pollDue = async () => {
    const current = (await runStore.read(entry.record.id)) ?? entry
    const { record } = current
    if (!isPending(record) || runStore.now() < record.question.delivery.nextPollAt) return current
    return poll(runStore, { ...current, record }, channel, context)
  }
  const polled = await alone(runStore, entry.record.id, pollDue, { seconds })
  return polled ?? (await runStore.read(entry.record.id)) ?? entry
}

const isPolled = (channel: ApprovalChannel): channel is PolledChannel => channel.poll !== undefined

async function poll(
  runStore: RunStore,
  entry: Entry & { readonly record: Pending },
  channel: PolledChannel,
  context: ChannelContext,
): Promise<Entry> {
  context.signal?.throwIfAborted()
  const sentAt = runStore.now()
  const { record } = entry
  const { question } = record
  // An answer belongs to the question that was asked, and not to its replacement.
  const isAsked = ({ id }: StoredQuestion) => id === question.id
  const settle = (answer: ApprovalAnswer) => {
    const given = { answer, sentAt, now: runStore.now() }
    const write = async () => (await writeAnswer(runStore, entry, isAsked, given)).entry
    return keepWriting(runStore, record.id, write)
  }
  try {
    const request = channelQuestion(record, question)
    const answer = await withinBound((signal) =>
      channel.poll(askedOf(question.delivery), request, { ...context, signal }),
    )
    // Copied: it is read again if another writer was faster, and the channel may reuse the same object meanwhile.
    return await settle(copyOf(answer))
  } catch (error) {
    // The answer was polled, but the store has not saved it yet.
    if (keptWrite(runStore, record.id) !== undefined) throw error
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

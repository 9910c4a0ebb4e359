import type { Json, JsonObject } from '../base/contract/index.ts'
import { BehalfError, InvalidResponseError, OAuthResponseError } from '../base/errors/index.ts'
import { copyOf, defined, snapshot } from '../base/values/index.ts'
import { withinDeadline } from '../oauth/requests/bounded-request.ts'
import type { ApprovalChannel, ApprovalQuestion, ApprovalSent, ChannelContext } from './channels/approval-channel.ts'
import { keepWriting, keptWrite } from './keep-writing.ts'
import { afterNoes } from './noes.ts'
import { DEFAULT_INTERVAL_SECONDS, intervalOf, isUsable, NEVER, nextPollAt } from './poll-times.ts'
import type { Delivery, Entry, RunRecord, StoredQuestion } from './record.ts'
import { reserveSend } from './reserve-send.ts'
import { stateOf } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** Lease of the one caller that sends or polls. It renews the lease; if it dies, another caller takes over. Seconds. */
export const BUSY_SECONDS = 45

/**
 * Maximum number of deliveries of one question, including the first: a person who does not answer is not asked without
 * end (A7).
 */
export const MAX_SENDS = 3

export const isSentOut = (sends: number, { maxSends = MAX_SENDS }: StoredQuestion): boolean => sends >= maxSends

/** Result of a delivery that must wait. */
export type NotSent =
  /** The approver denied similar questions (A14). `until`: epoch seconds. */
  | { readonly status: 'closed'; readonly entry: Entry; readonly until: number }
  /** The approver was sent too many questions, or another caller runs the body now (`isRunning`). */
  | {
      readonly status: 'busy'
      readonly entry: Entry
      readonly retryAfter: number
      readonly why: string
      readonly isRunning?: true
    }

/** Returns a copy of a stored question in the form for channels: they are code of the app, and the record is used on. */
export function channelQuestion(
  record: Pick<RunRecord, 'id' | 'tool' | 'by'>,
  question: StoredQuestion,
): ApprovalQuestion {
  const { issuer, subject = '', tenant, clientId } = record.by.owner
  return copyOf({
    approvalId: record.id,
    questionId: question.id,
    tool: record.tool,
    owner: defined({ issuer, subject, tenant, clientId }),
    approver: question.approver,
    message: question.message,
    details: question.details,
    expiresAt: question.expiresAt,
    ...defined({ credential: question.credential }),
  })
}

/** Runs `work` on a run alone, across processes. `undefined`: another caller works on it, or has the lease `key`. */
export async function alone<Result>(
  runStore: RunStore,
  id: string,
  work: () => Promise<Result>,
  { key = `busy:${id}`, seconds = BUSY_SECONDS }: { readonly key?: string; readonly seconds?: number } = {},
): Promise<Result | undefined> {
  if (keptWrite(runStore, id) !== undefined) return undefined
  const lease = await runStore.lease(key, seconds)
  if (lease === undefined) return undefined
  const stopRenewing = lease.keep()
  try {
    return await work()
  } finally {
    const end = () => {
      stopRenewing()
      return lease.release()
    }
    const writing = keptWrite(runStore, id)
    if (writing === undefined) await end()
    else void writing.then(end)
  }
}

/**
 * Sends the question: `requested -> pending`. Sent at least once; by one sender at a time.
 *
 * @throws TransportError Nothing is known; the record stays `requested` and the next caller sends.
 */
export async function deliverQuestion(
  runStore: RunStore,
  entry: Entry,
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry | NotSent> {
  const { id, binding } = entry.record
  const deliver = async (isAlone: boolean): Promise<Entry | NotSent> => {
    const current = (await runStore.read(id)) ?? entry
    const { question, tool, by } = current.record
    if (stateOf(current.record) !== 'requested' || question === undefined) return current
    const asking = { id, binding, tool, owner: by.owner, question }
    const { closedUntil, isOnceMore } = await afterNoes(runStore, asking)
    if (closedUntil !== undefined) return { status: 'closed', entry: current, until: closedUntil }
    // Only one of several equal questions is sent. The next caller finds it open.
    if (isOnceMore && !isAlone) {
      return (await alone(runStore, id, () => deliver(true), { key: `once-more:${binding}` })) ?? entry
    }
    // A caller that aborted before the send does not want the question sent.
    context.signal?.throwIfAborted()
    const notSent = await reserveSend(runStore, current.record, question)
    if (notSent === undefined) return send(runStore, { ...current, question }, channel, context)
    if (notSent !== 'spent') return { status: 'busy', entry: current, ...notSent }
    const why = 'the question may have been sent, and its answer was lost'
    return changeUnsent(runStore, current, { end: { how: 'expired', at: runStore.now(), why } })
  }
  return (await alone(runStore, id, () => deliver(false))) ?? entry
}

/** Changes a run, as long as its question waits to be sent. */
function changeUnsent(runStore: RunStore, entry: Entry, change: Partial<RunRecord>): Promise<Entry> {
  const { question } = entry.record
  return runStore.update(entry, (record) =>
    stateOf(record) === 'requested' && record.question?.id === question?.id ? { ...record, ...change } : undefined,
  )
}

async function send(
  runStore: RunStore,
  { question, ...entry }: Entry & { readonly question: StoredQuestion },
  channel: ApprovalChannel,
  context: ChannelContext,
): Promise<Entry> {
  const sentAt = runStore.now()
  // Last of all: the proof may have been revoked while the record was written, and the clean-up have passed (I11).
  if (await runStore.isRevoked(entry.record)) {
    return changeUnsent(runStore, entry, { end: { how: 'revoked', at: sentAt } })
  }
  const byStore = await runStore.storeNow()
  const asked = await withinBound((signal) =>
    channel.ask(channelQuestion(entry.record, question), { ...context, signal }).then(checkedAsked),
  ).catch(whyNotSent)
  const now = runStore.now()
  const write = (change: Partial<RunRecord>) =>
    keepWriting(runStore, entry.record.id, () => changeUnsent(runStore, entry, change))
  if ('why' in asked) {
    const { why, unsent } = asked
    const refused = { question: { ...question, refused: { why } } }
    const failed = await write(unsent ? refused : { end: { how: 'failed', at: now, why } })
    if ('thrown' in asked) throw asked.thrown
    return failed
  }
  const delivery = deliveryOf(asked, question, channel, { sentAt, byStore, now })
  const sent = { ...question, delivery }
  const { sends, replaced } = entry.record.asked
  const next = await write({ question: sent, asked: { sends: sends + 1, replaced } })
  if (isWithdrawn(next.record, question)) void unask({ ...entry.record, question: sent }, channel, context)
  return next
}

/** Returns whether a question was ended or replaced while it was sent, by a caller that saw no delivery to withdraw. */
const isWithdrawn = ({ question, end }: RunRecord, sent: StoredQuestion): boolean =>
  question?.id !== sent.id || end?.how === 'cancelled' || end?.how === 'revoked'

/** Tells a channel that has `cancel` that the answer is no longer needed. Never fails. */
export async function unask(
  record: RunRecord,
  channel: ApprovalChannel | undefined,
  context: ChannelContext,
): Promise<void> {
  const { question } = record
  if (channel?.cancel === undefined || question?.delivery === undefined) return
  const [asked, request] = [askedOf(question.delivery), channelQuestion(record, question)]
  await withinBound(async (signal) => channel.cancel?.(asked, request, { ...context, signal })).catch(() => {})
}

/** Returns a copy of the result of the channel's `ask`. */
export const askedOf = ({ state, interval, expiresAt }: Delivery): ApprovalSent =>
  copyOf(defined({ state, interval, expiresAt }))

/**
 * Checks the result of a channel, which is code of the app. A result that breaks the contract ends the question, and
 * the question is not sent again.
 */
function checkedAsked(asked: ApprovalSent): ApprovalSent {
  const state = jsonObject(asked?.state)
  if (state !== undefined) return { ...asked, state }
  throw new InvalidResponseError('the approval channel gave no { state } that is a plain JSON object')
}

/** Returns a copy of a plain JSON object. */
export function jsonObject(value: unknown): JsonObject | undefined {
  const copied = snapshot(value)
  return 'value' in copied && isJsonObject(copied.value) ? copied.value : undefined
}

const isJsonObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Builds the record of a delivery. The first poll also keeps the interval from the response: a server may count from
 * its answer (CIBA Core §7.3).
 */
function deliveryOf(
  asked: ApprovalSent,
  { expiresAt }: StoredQuestion,
  channel: ApprovalChannel,
  { sentAt, byStore, now }: { readonly sentAt: number; readonly byStore: number; readonly now: number },
): Delivery {
  const interval = intervalOf(asked.interval, DEFAULT_INTERVAL_SECONDS)
  // A delivery that has ended already would only be sent again.
  const end = isUsable(asked.expiresAt) && asked.expiresAt > now ? Math.min(asked.expiresAt, expiresAt) : expiresAt
  return {
    state: asked.state,
    interval,
    nextPollAt: channel.poll === undefined ? NEVER : nextPollAt({ now, interval, before: 0, end }),
    // A clock that is ahead must not date a revocation of the approver before their question.
    sentAt: Math.min(sentAt, byStore),
    pendingAt: sentAt,
    expiresAt: end,
  }
}

/** Reason why a question is not sent again. `thrown`: the error that the caller of this delivery gets. */
interface WhyNotSent {
  readonly why: string
  readonly unsent: boolean
  readonly thrown?: unknown
}

/**
 * Ends the run if the channel definitely refused; an outage does not end it. A refusal is not the person's answer: a
 * server answers `access_denied` if the person has no device (CIBA Core §13). An error that the channel did not
 * classify ends the run too: the question may have reached the person, who must not be asked twice.
 */
function whyNotSent(error: unknown): WhyNotSent {
  if (!BehalfError.isInstance(error)) {
    return { why: 'the channel threw: the question may have been sent', unsent: false, thrown: error }
  }
  if (error.retryable) throw error
  // The server does not know the API: a configuration error. No question was sent.
  if (error instanceof OAuthResponseError && error.error === 'invalid_target') throw error
  // If the response breaks the specification, the person may have been asked.
  return { why: error.message, unsent: !(error instanceof InvalidResponseError) }
}

/** Maximum time to wait for a channel, in seconds. It may long-poll for 30 s (CIBA Core §10.1). */
const CHANNEL_SECONDS = 60

/**
 * Asks a channel for a bounded time, even if it ignores its signal.
 *
 * The caller's own abort does not reach it: a request that was sent counts, and without its answer the guard would ask
 * the person again, or lose their answer.
 *
 * @throws TransportError The time limit was reached; the outcome of the request is unknown.
 */
export function withinBound<Result>(ask: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  // `async`, so that a synchronous error of a channel rejects like a later one.
  return withinDeadline({ timeoutMs: CHANNEL_SECONDS * 1000 }, async (signal) => ask(signal))
}

import type { Delivery, RunRecord, StoredQuestion } from './record.ts'

/** Interval of a channel that names no usable one (CIBA Core §7.3). Seconds. */
export const DEFAULT_INTERVAL_SECONDS = 5

/** Shortest interval of a channel. Seconds. */
const MIN_INTERVAL_SECONDS = 0.01

/** Difference that the clocks of two machines may have. Seconds. */
export const SKEW_SECONDS = 30

/** The last poll before the end of a question leaves this time for its response. Seconds. */
const LAST_POLL_SECONDS = 2

/**
 * Maximum random delay of a poll, as a part of the interval, so that many questions are not polled together. It is
 * largest for the first poll, which the others follow.
 */
const FIRST_JITTER = 0.5
const JITTER = 0.2
const MAX_JITTER_SECONDS = 10

/** Returns the interval that a channel names, or `otherwise` if it names no usable one. Seconds. */
export function intervalOf(named: number | undefined, otherwise: number): number {
  return isUsable(named) ? Math.max(MIN_INTERVAL_SECONDS, named) : otherwise
}

/**
 * Returns whether a time can be used. A channel is code of the app, and may name NaN, an infinite or negative number,
 * or no number.
 */
export function isUsable(seconds: number | undefined): seconds is number {
  return Number.isFinite(seconds) && (seconds as number) > 0
}

/** `nextPollAt` of a question that is never polled. Epoch seconds. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** Values that decide when a question is polled next. All in seconds. */
export interface PollTimes {
  /** Epoch: when the response to the last request arrived. */
  readonly now: number
  readonly interval: number
  /** The interval so far. `0` after the question was sent, when no poll was made yet. */
  readonly before: number
  /** Additional wait that the server asked for. */
  readonly retryAfter?: number | undefined
  /** Epoch: when the delivery, or the question, ends. */
  readonly end: number
}

/**
 * Returns when to poll next, in epoch seconds: never sooner than the interval after the last response.
 *
 * A wait that is too long for any answer to count is cut, so that one poll is made before the end. It is not cut
 * below the interval that held so far.
 */
export function nextPollAt({ now, interval, before, retryAfter, end }: PollTimes): number {
  const last = end - LAST_POLL_SECONDS
  const limit = before === 0 ? last : end + SKEW_SECONDS
  const earliest = now + interval
  const wanted = Math.max(earliest, now + (isUsable(retryAfter) ? retryAfter : 0))
  const jitter = Math.min(interval * (before === 0 ? FIRST_JITTER : JITTER), MAX_JITTER_SECONDS) * Math.random()
  if (wanted <= limit) return Math.min(limit, wanted + jitter)
  if (earliest <= limit) return Math.max(earliest, last)
  return now + before <= last ? last : earliest
}

/** A question that was sent. */
export type Delivered = StoredQuestion & { readonly delivery: Delivery }

/** Returns when a delivery ends, in epoch seconds. A delivery never outlives its question. */
export function endOf(question: Delivered): number {
  const { expiresAt = question.expiresAt, receivedAt } = question.delivery
  // An answer that waits for its verification ends only when it may no longer be used.
  if (receivedAt !== undefined) return receivedAt + useWithinSeconds(question)
  return Math.min(question.expiresAt, expiresAt)
}

/** Returns whether no later poll can find an answer that counts. */
export function isDeliveryOver(question: Delivered, now: number): boolean {
  const { pendingAt = 0, nextPollAt } = question.delivery
  const end = endOf(question)
  return now >= end && (pendingAt >= end || nextPollAt > end + SKEW_SECONDS)
}

/** Returns when a delivered question is next polled, or ends without a poll. Epoch seconds. */
export function nextStepAt(question: Delivered): number {
  const { nextPollAt } = question.delivery
  const end = endOf(question)
  return nextPollAt > end + SKEW_SECONDS ? end : nextPollAt
}

/** Returns when a waiting caller next reads a delivered question, in epoch seconds. Without polls, from the record. */
export function nextReadAt(question: Delivered, now: number): number {
  const { interval, nextPollAt } = question.delivery
  return nextPollAt === NEVER ? Math.min(now + interval, endOf(question)) : nextStepAt(question)
}

export const isDelivered = (question: StoredQuestion | undefined): question is Delivered =>
  question?.delivery !== undefined

/** Whole seconds until a poll is possible, for apps that poll by themselves. Never early, and at least 1. */
export function secondsToPoll({ question }: RunRecord, now: number): number {
  // Another process sends it now: its interval is not known yet.
  if (!isDelivered(question)) return DEFAULT_INTERVAL_SECONDS
  const at = nextReadAt(question, now)
  // Due: another process may poll now, and the interval begins with the response that it gets.
  const wait = at > now ? at - now : Math.min(question.delivery.interval, endOf(question) - now)
  return Math.max(1, Math.ceil(wait))
}

/** Default time in which an answer must be used, in seconds (A5). */
const USE_WITHIN_SECONDS = 15 * 60

export const useWithinSeconds = (question: StoredQuestion): number => question.useWithinSeconds ?? USE_WITHIN_SECONDS

import type { Owner } from '../base/contract/index.ts'
import { ConfigurationError, StoreError } from '../base/errors/index.ts'
import { tellApp } from '../base/ports.ts'
import { pause } from '../base/process/async.ts'
import { checkValues, kinds, needed, upTo } from '../base/values/index.ts'
import { isOutage } from '../records/index.ts'
import { advanceRun } from './advance-run.ts'
import {
  type ChannelsOptions,
  channelThatAsked,
  type OpenedChannels,
  openChannels,
} from './channels/channels-by-name.ts'
import { isDelivered, nextStepAt } from './poll-times.ts'
import type { Entry, RunRecord } from './record.ts'
import { isUnanswered, type RunState, stateOf } from './run-state.ts'
import { wake } from './wake.ts'
import { isPending } from './write-answer.ts'

/** Result of a question. Contains no token. */
export interface WatchedAnswer {
  /** The id that the interrupt carried. */
  readonly id: string
  /** Name of the tool whose call needed the approval. */
  readonly tool: string
  /** State in which the question ended. */
  readonly state: 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked'
  /** The user for whom the agent acts. Proves nothing. */
  readonly owner: Owner
}

/** Options of {@link createWatcher}. */
export interface WatcherOptions extends ChannelsOptions {
  /**
   * Called when a question has ended: run the call again, under the same slot, as its owner. Called at least
   * once for each question, by one watcher at a time; when it rejects, it is called again later.
   */
  readonly onAnswer: (answer: WatchedAnswer) => void | Promise<void>
  /** Called with each fault, for logs. The question is polled again later. @default faults are not reported */
  readonly onFault?: (error: unknown, approvalId: string | undefined) => void
  /** Maximum of polls that start in one second, for each issuer. @default 50 */
  readonly maxPollsPerSecond?: number
  /** Maximum of polls at a time. A server that holds polls open needs more. @default 200 */
  readonly maxConcurrentPolls?: number
  /** Interval at which the store is asked for due questions, in milliseconds. @default 250 */
  readonly everyMs?: number
}

/** Checked settings of a watcher. */
export interface WatcherSettings extends OpenedChannels {
  readonly onAnswer: WatcherOptions['onAnswer']
  readonly onFault: NonNullable<WatcherOptions['onFault']>
  readonly maxPollsPerSecond: number
  readonly maxConcurrentPolls: number
  readonly everyMs: number
}

/** @throws ConfigurationError An option is unknown, missing or wrong. */
export function watcherSettings(options: WatcherOptions): WatcherSettings {
  const own = ['onAnswer', 'onFault', 'maxPollsPerSecond', 'maxConcurrentPolls', 'everyMs'] as const
  const opened = openChannels('createWatcher', options, own)
  const { onAnswer, onFault = () => {} } = options
  const polls = upTo(1_000_000, 0.001, 'polls')
  checkValues('createWatcher.', options, {
    onAnswer: needed(kinds.function),
    onFault: kinds.function,
    maxPollsPerSecond: polls,
    maxConcurrentPolls: polls,
    everyMs: kinds.timeoutMs,
  })
  return {
    ...opened,
    onAnswer,
    onFault,
    maxPollsPerSecond: options.maxPollsPerSecond ?? 50,
    maxConcurrentPolls: Math.ceil(options.maxConcurrentPolls ?? 200),
    everyMs: options.everyMs ?? 250,
  }
}

/** Lease with which one watcher at a time notifies the app. It is renewed during the notification. Seconds. */
const TELLING_SECONDS = 60

const endings: readonly RunState[] = ['approved', 'denied', 'expired', 'failed', 'cancelled', 'revoked']

/** Returns the ending of a question of which the app was not notified. */
function untold(record: RunRecord): WatchedAnswer['state'] | undefined {
  const state = stateOf(record)
  const isTold = record.question === undefined || record.question.told === true
  return isTold || !endings.includes(state) ? undefined : (state as WatchedAnswer['state'])
}

/**
 * Advances one due question: sends it if it is unsent, polls for its answer, and notifies the app how it ended.
 * Persists each step before the next one, so that another watcher can continue after a crash.
 */
export async function watchEntry(entry: Entry, settings: WatcherSettings): Promise<'open' | 'told'> {
  const { runStore, channels, context } = settings
  const { question } = entry.record
  const channel = channelThatAsked(entry.record, channels, context.authorizationServers)
  // If the channel of this name belongs to another client, that client's app must be notified.
  if (channel === undefined && (isUnanswered(entry.record) || channels.has(question?.channel ?? ''))) {
    throw new ConfigurationError(
      'approvals',
      `a question went by channel ${JSON.stringify(question?.channel)} and client ${JSON.stringify(question?.client)}, and this watcher lacks one of them`,
    )
  }
  const settled = isUnanswered(entry.record) ? await advanceRun(runStore, entry, channel, context) : { entry }
  // A call that waits in this process need not wait until its own next poll.
  if (!isPending(settled.entry.record)) wake(entry.record.id)
  return untold(settled.entry.record) ? tell(settled.entry, settings) : 'open'
}

/** Notifies the app, at least once: the record is marked after the app has accepted the notification. */
async function tell(entry: Entry, { runStore, onAnswer }: WatcherSettings): Promise<'open' | 'told'> {
  const { id } = entry.record
  const lease = await runStore.lease(`telling:${id}`, TELLING_SECONDS)
  if (lease === undefined) return 'open'
  const stopRenewing = lease.keep()
  try {
    // Another watcher may have notified the app since this one read the record.
    const { record } = (await runStore.read(id)) ?? entry
    const state = untold(record)
    if (state === undefined) return 'open'
    await onAnswer({ id, tool: record.tool, state, owner: { ...record.by.owner } })
    await runStore.update(entry, (now) =>
      untold(now) && now.question ? { ...now, question: { ...now.question, told: true } } : undefined,
    )
    return 'told'
  } finally {
    stopRenewing()
    await lease.release()
  }
}

/** Lease of a claimed question. If its watcher dies, another watcher claims the question after this long. Seconds. */
const CLAIM_SECONDS = 60

/** Maximum time that claimed questions wait for their turn, in milliseconds. Others are postponed. */
const MAX_WAIT_MS = 5_000

/** Number of additional questions to claim: the issuer of a question, and so its limit, is unknown until the claim. */
const EXPLORED = 20

/** Number of claims in a row with only damaged records, after which the whole store counts as damaged. */
const MAX_DAMAGED_CLAIMS = 10

/** Statistics of a watcher. */
export interface WatcherStatistics {
  /** Polls of this watcher, including those that found no change. */
  readonly polls: number
  /** Questions of whose end the app was notified. */
  readonly notified: number
  /** Questions that were postponed because their issuer had too many. */
  readonly postponed: number
  /** Number of faults after which the watcher continued. */
  readonly faults: number
  /** Polls that run or wait for their turn. */
  readonly underWay: number
  /** Delay of the polls, in seconds. */
  readonly lateness: { readonly mean: number; readonly max: number }
}

/** Follows open questions. Made by {@link createWatcher}. */
export interface Watcher {
  /**
   * Handles due questions until the signal aborts. Returns when all requests have ended, up to 60 s later if servers
   * hold polls open. Releases questions that only waited for their turn at once.
   *
   * Retries a store that does not answer. A damaged record does not block the others. Several watchers share the work
   * of one store.
   * @throws StoreError The store cannot be trusted: the keys open no record in it, it is of a newer release, or all of
   *   it is damaged.
   * @throws ConfigurationError `signal` is not an `AbortSignal`.
   */
  run(signal: AbortSignal): Promise<void>
  /** Returns the counts of this watcher. */
  statistics(): WatcherStatistics
}

/**
 * Follows the open questions of background agents, in one process for all of them: sends unsent questions, polls when a
 * poll is due, and notifies the app how each question ended.
 *
 * Runs no tool: `onAnswer` calls `guard.run` again, which finds the approval under its slot. A watcher that dies is
 * replaced by the next one; nothing is lost, and the app may be notified twice.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function createWatcher(options: WatcherOptions): Watcher {
  return new StoreWatcher(watcherSettings(options))
}

class StoreWatcher implements Watcher {
  readonly #settings: WatcherSettings
  readonly #pace: Pace
  readonly #underWay = new Set<Promise<void>>()
  #damagedClaims = 0
  #hasOpened = false
  readonly #counts = { polls: 0, notified: 0, postponed: 0, faults: 0, lateSum: 0, lateMax: 0 }

  constructor(settings: WatcherSettings) {
    this.#settings = settings
    this.#pace = new Pace(settings.maxPollsPerSecond)
  }

  statistics(): WatcherStatistics {
    const { lateSum, lateMax, ...counts } = this.#counts
    const lateness = { mean: counts.polls === 0 ? 0 : lateSum / counts.polls, max: lateMax }
    return { ...counts, underWay: this.#underWay.size, lateness }
  }

  async run(signal: AbortSignal): Promise<void> {
    // JavaScript callers may pass `{ signal }`, which would throw in a timer, where no caller can catch it.
    if (typeof signal?.aborted !== 'boolean') {
      throw new ConfigurationError('watcher.run', 'give an AbortSignal itself: watcher.run(signal)')
    }
    try {
      while (!signal.aborted) {
        const began = performance.now()
        await this.#claim(signal)
        await rest(Math.max(0, this.#settings.everyMs - (performance.now() - began)), signal)
      }
    } finally {
      await Promise.all(this.#underWay)
    }
  }

  async #claim(signal: AbortSignal): Promise<void> {
    const { runStore, maxPollsPerSecond, maxConcurrentPolls, everyMs } = this.#settings
    const free = maxConcurrentPolls - this.#underWay.size
    // Claims the polls that can begin before the next round, and some more, which may be of other issuers.
    const limit = Math.min(free, Math.ceil((maxPollsPerSecond * everyMs) / 1000) + EXPLORED)
    if (limit <= 0) return
    let claimed: Awaited<ReturnType<typeof runStore.claimPolls>>
    try {
      claimed = await runStore.claimPolls(limit, CLAIM_SECONDS)
      this.#damagedClaims = 0
    } catch (error) {
      this.#note(error, undefined)
      if (isOutage(error) || (error instanceof StoreError && this.#isPassing(error))) return
      throw error
    }
    const unread: StoreError[] = []
    for (const entry of claimed) {
      if (entry instanceof StoreError) unread.push(entry)
      else this.#begin(entry, signal)
    }
    this.#hasOpened ||= unread.length < claimed.length
    for (const error of unread) this.#note(error, undefined)
    const stranger = unread.find(({ reason }) => reason === 'wrong_key')
    // Other processes may have newer keys for a while. A process that has opened no record has the wrong keys.
    if (stranger !== undefined && !this.#hasOpened) throw stranger
  }

  /**
   * Returns whether the error concerns one record. The store postpones a damaged record, so that the next claim finds
   * other records.
   */
  #isPassing({ reason }: StoreError): boolean {
    return reason === 'corrupt' && ++this.#damagedClaims < MAX_DAMAGED_CLAIMS
  }

  #begin(entry: Entry, signal: AbortSignal): void {
    const work = this.#follow(entry, signal)
      .catch((error: unknown) => this.#note(error, entry.record.id))
      .finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #follow(entry: Entry, signal: AbortSignal): Promise<void> {
    const { runStore } = this.#settings
    const { record } = entry
    const issuer = record.question?.approver.issuer ?? ''
    if (isUnanswered(record)) {
      const now = performance.now()
      if (this.#pace.backlog(issuer, now) > MAX_WAIT_MS) return this.#putOff(entry)
      // The store's clock may be ahead of ours: a poll is never sooner than the interval allows.
      const dueAt = isDelivered(record.question) ? nextStepAt(record.question) : undefined
      const early = Math.ceil(((dueAt ?? 0) - runStore.now()) * 1000)
      // The clock of the process that asked is ahead: due again when the claim ends, perhaps for a watcher with its time.
      if (early > CLAIM_SECONDS * 1000) return
      await rest(Math.max(early, this.#pace.reserve(issuer, now)), signal)
      if (signal.aborted) return this.#release(entry)
      this.#measure(dueAt)
    }
    if ((await watchEntry(entry, this.#settings)) === 'told') this.#counts.notified++
  }

  #measure(dueAt: number | undefined): void {
    this.#counts.polls++
    if (dueAt === undefined) return
    const late = Math.max(0, this.#settings.runStore.now() - dueAt)
    this.#counts.lateSum += late
    this.#counts.lateMax = Math.max(this.#counts.lateMax, late)
  }

  /** Postpones a question whose issuer has reached its limit of polls. Spreads such questions over time. */
  async #putOff(entry: Entry): Promise<void> {
    this.#counts.postponed++
    const at = this.#settings.runStore.now() + (MAX_WAIT_MS / 1000) * (1 + Math.random())
    await this.#settings.runStore.update(entry, (record) => {
      if (!isPending(record)) return undefined
      const { question } = record
      const delivery = { ...question.delivery, nextPollAt: Math.max(at, question.delivery.nextPollAt) }
      const later = { ...question, delivery }
      // If it were postponed beyond the time in which an answer counts, it would end without a last poll. The claim's
      // lease ends later.
      return nextStepAt(later) < delivery.nextPollAt ? undefined : { ...record, question: later }
    })
  }

  /** Writes the record unchanged, so that it is due again for any watcher. */
  async #release(entry: Entry): Promise<void> {
    let isOld = true
    await this.#settings.runStore.update(entry, (record) => {
      if (!isOld) return undefined
      isOld = false
      return record
    })
  }

  #note(error: unknown, id: string | undefined): void {
    this.#counts.faults++
    // A log that fails does not stop approvals.
    tellApp(() => this.#settings.onFault(error, id))
  }
}

/** Ends early on abort, and does not reject. */
async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await pause(milliseconds, signal).catch(() => {})
}

/** Spreads the polls of one issuer over time: it limits how many begin in a second. */
export class Pace {
  readonly #gapMs: number
  readonly #nextAt = new Map<string, number>()

  constructor(perSecond: number) {
    this.#gapMs = 1000 / perSecond
  }

  /**
   * Reserves the next free moment of an issuer.
   *
   * @param now - Milliseconds, of any clock that does not jump.
   * @returns milliseconds to wait until then
   */
  reserve(issuer: string, now: number): number {
    const at = Math.max(now, this.#nextAt.get(issuer) ?? 0)
    this.#nextAt.set(issuer, at + this.#gapMs)
    return at - now
  }

  /** Returns how far ahead the poll times of an issuer are taken, in milliseconds. */
  backlog(issuer: string, now: number): number {
    return Math.max(0, (this.#nextAt.get(issuer) ?? 0) - now)
  }
}

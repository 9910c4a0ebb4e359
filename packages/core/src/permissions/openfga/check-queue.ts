import { LRUCache } from 'lru-cache'
import { type Clock, isRecent } from '../../base/ports.ts'
import { OpenWork } from '../../base/process/async.ts'
import { type Backend, MAX_BATCH } from './backend.ts'
import { keyOf, type NotedQuestion } from './question.ts'
import { refused, type Verdict } from './read-answer.ts'
import type { Consistency } from './wire.ts'

/** Maximum size of a request, in characters of JSON: well below the server's limit for a message (616 kB). */
const MAX_BATCH_CHARACTERS = 200_000
const MAX_KEPT = 10_000

export interface QueueOptions {
  readonly clock: Clock
  /** Adds `now` to each context, when the questions are sent. */
  readonly stampsTime: boolean
  /** Time that an answer may be reused, in seconds. 0: never. */
  readonly cacheSeconds: number
}

/** A pending question, and the number of callers that wait for it. */
interface Entry {
  readonly key: string
  readonly question: NotedQuestion
  readonly consistency: Consistency
  /** The call that asked first. If a batch is refused, its questions are asked again, separately for each call. */
  readonly call: symbol
  readonly verdict: PromiseWithResolvers<Verdict>
  /** Time of sending, as `now` of its context. `''`: no time is added. */
  sentAt?: string
  /** Time of sending, in epoch milliseconds. An answer is as old as its question, however late it comes. */
  askedAt?: number
  request?: AbortController
  mates?: readonly Entry[]
  waiting: number
  settled: boolean
}

/**
 * Collects the questions of one turn of the event loop into batches, and asks identical ones once.
 *
 * Two questions are identical if everything that can change their answer is equal: user, relation, object, context,
 * contextual tuples, consistency and the time that conditions see (F3). A later caller joins a sent question only if it
 * accepts an older answer for less latency. A question of higher consistency that is asked later is sent again, since a
 * tuple may have been written in between. Answers are not kept unless `cacheSeconds` says so.
 */
export class CheckQueue {
  readonly #backend: Backend
  readonly #options: QueueOptions
  readonly #kept: LRUCache<string, { readonly verdict: Verdict; readonly askedAt: number }> | undefined
  /** Questions of this turn, which were not sent yet. */
  readonly #turns = new OpenWork<Map<string, Entry>>()
  /** Questions that were sent, are not answered, and are open to later calls. */
  readonly #sent = new OpenWork<Entry>()

  constructor(backend: Backend, options: QueueOptions) {
    this.#backend = backend
    this.#options = options
    this.#kept = options.cacheSeconds > 0 ? new LRUCache({ max: MAX_KEPT }) : undefined
  }

  /** Returns one verdict for each question, in their order. One caller's abort does not abort another's question. */
  async ask(
    questions: readonly NotedQuestion[],
    consistency: Consistency,
    signal: AbortSignal,
  ): Promise<readonly Verdict[]> {
    signal.throwIfAborted()
    const call = Symbol('call')
    const turn = this.#turns.get('next') ?? new Map<string, Entry>()
    const joined: Entry[] = []
    const verdicts = questions.map((question) => {
      const key = `${consistency} ${keyOf(question)}`
      const kept = this.#keptUnder(key)
      if (kept !== undefined) return kept
      const entry = this.#join(turn, { key, question, consistency, call })
      entry.waiting++
      joined.push(entry)
      return entry.verdict.promise
    })
    const leave = () => {
      for (const entry of joined.splice(0)) this.#leave(entry)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.all(verdicts)
    } finally {
      signal.removeEventListener('abort', leave)
      // After a fault in one batch, this caller does not wait for the others.
      leave()
    }
  }

  #join(turn: Map<string, Entry>, asked: Pick<Entry, 'key' | 'question' | 'consistency' | 'call'>): Entry {
    const { key } = asked
    const sent = this.#sent.get(key)
    // Stryker disable next-line ConditionalExpression: If no time is added, the current time is empty too, and the last clause gives the same result.
    if (sent !== undefined && (sent.sentAt === '' || this.#kept !== undefined || sent.sentAt === this.#now())) {
      return sent
    }
    const waiting = turn.get(key)
    if (waiting !== undefined) return waiting
    const entry: Entry = { ...asked, verdict: Promise.withResolvers(), waiting: 0, settled: false }
    // Callers that still wait see the rejection. Without callers it must not count as unhandled.
    entry.verdict.promise.catch(() => {})
    if (turn.size === 0) {
      this.#turns.set('next', turn)
      nextTurn(() => this.#flush(turn))
    }
    turn.set(key, entry)
    return entry
  }

  #leave(entry: Entry): void {
    entry.waiting--
    if (entry.waiting > 0 || entry.settled) return
    if (this.#sent.get(entry.key) === entry) this.#sent.delete(entry.key)
    if (entry.mates?.every((mate) => mate.waiting === 0)) {
      entry.request?.abort(new DOMException('no caller waits for this check', 'AbortError'))
    }
  }

  #flush(turn: ReadonlyMap<string, Entry>): void {
    const entries = [...turn.values()]
    this.#turns.delete('next')
    const now = this.#now()
    for (const consistency of ['minimizeLatency', 'higherConsistency'] as const) {
      const asked = entries.filter((entry) => entry.consistency === consistency)
      for (const batch of batchesOf(asked)) void this.#send(batch, now)
    }
  }

  async #send(asked: readonly Entry[], now: string): Promise<void> {
    const batch = asked.filter((entry) => entry.waiting > 0)
    const [first] = batch
    if (first === undefined) return
    const { consistency } = first
    const request = new AbortController()
    const askedAt = this.#options.clock.now()
    for (const entry of batch) {
      Object.assign(entry, { request, mates: batch, sentAt: now, askedAt })
      if (consistency === 'minimizeLatency') this.#sent.set(entry.key, entry)
    }
    const questions = batch.map(({ question }) =>
      now === '' ? question : { ...question, context: { ...question.context, now } },
    )
    try {
      if (batch.length === 1) {
        this.#settle(batch, [await this.#backend.check(questions[0] as NotedQuestion, consistency, request.signal)])
        return
      }
      const answer = await this.#backend.batch(questions, consistency, request.signal)
      if (!('refused' in answer)) return this.#settle(batch, answer)
      const calls = Map.groupBy(batch, ({ call }) => call)
      // One call's malformed question must not deny another call's.
      if (calls.size > 1) for (const own of calls.values()) void this.#send(own, now)
      else
        this.#settle(
          batch,
          batch.map(() => refused(answer.refused)),
        )
    } catch (error) {
      this.#forget(batch)
      for (const entry of batch) {
        entry.settled = true
        entry.verdict.reject(error)
      }
    }
  }

  #settle(batch: readonly Entry[], verdicts: readonly Verdict[]): void {
    this.#forget(batch)
    for (const [index, entry] of batch.entries()) {
      const verdict = verdicts[index] ?? refused('the answer leaves this out')
      this.#keep(entry, verdict)
      entry.settled = true
      entry.verdict.resolve(verdict)
    }
  }

  #forget(batch: readonly Entry[]): void {
    for (const entry of batch) if (this.#sent.get(entry.key) === entry) this.#sent.delete(entry.key)
  }

  #keptUnder(key: string): Verdict | undefined {
    const { clock, cacheSeconds } = this.#options
    const kept = this.#kept?.get(key)
    return kept !== undefined && isRecent(clock.now(), kept.askedAt, cacheSeconds) ? kept.verdict : undefined
  }

  /** Keeps plain answers only: a problem may be solved a moment later. */
  #keep({ key, consistency, askedAt }: Entry, verdict: Verdict): void {
    if (consistency !== 'minimizeLatency' || 'problem' in verdict || askedAt === undefined) return
    this.#kept?.set(key, { verdict, askedAt })
  }

  /** Returns the time in RFC 3339, as conditions require it. */
  #now(): string {
    return this.#options.stampsTime ? new Date(this.#options.clock.now()).toISOString() : ''
  }
}

/** Splits questions into batches: at most 50 questions each, and a limited number of characters. */
function batchesOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const batches: Entry[][] = []
  let characters = 0
  for (const entry of entries) {
    const last = batches.at(-1)
    if (last === undefined || last.length === MAX_BATCH || characters + entry.key.length > MAX_BATCH_CHARACTERS) {
      batches.push([entry])
      characters = entry.key.length
    } else {
      last.push(entry)
      characters += entry.key.length
    }
  }
  return batches
}

/**
 * Runs `work` after the rest of this turn. A timer waits a whole millisecond, and is used only if there is nothing
 * better.
 */
function nextTurn(work: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(work)
  else setTimeout(work, 0)
}

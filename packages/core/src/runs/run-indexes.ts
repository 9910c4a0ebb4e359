import * as z from 'zod/mini'
import { type Principal, principalKey } from '../base/contract/index.ts'
import { Collection, type OpenedStore, type RecordName } from '../records/index.ts'
import { revocableName, revocableNames } from '../records/revocation/index.ts'
import { isDelivered, nextStepAt } from './poll-times.ts'
import { bucketOf, type NoesKey, type RunRecord } from './record.ts'
import { doubtSince, isSettled, isUnanswered, stateOf, undeliveredSince } from './run-state.ts'

/** Age of a run, in seconds, from which each new state renews its names. They then last for the same time again. */
export const NAMED_LONG_AGO_SECONDS = 24 * 3600

const pointer = z.strictObject({ v: z.literal(1), id: z.string(), keptFor: z.number() })
type Pointer = z.infer<typeof pointer>

/** Pointers to a run: `slot:` from a call, `open:` from equal calls. */
export class Pointers {
  readonly #pointers: Collection<Pointer>
  readonly #keptFor: (record: RunRecord) => number

  /** @param keptFor - Returns how long a pointer to a record is kept, in seconds. */
  constructor(opened: OpenedStore, keptFor: (record: RunRecord) => number) {
    const ends = ({ keptFor }: Pointer) => ({ expiresInSeconds: keptFor })
    this.#pointers = new Collection<Pointer>(opened, { kind: 'pointer', schema: pointer, ends })
    this.#keptFor = keptFor
  }

  async read(key: string): Promise<{ readonly id: string; readonly version: string } | undefined> {
    const found = await this.#pointers.get(key)
    return found && { id: found.record.id, version: found.version }
  }

  /**
   * Sets a pointer if it is absent (`null`) or unchanged since it was read. If another writer was faster, its value
   * stays.
   *
   * @returns the id that the pointer has now.
   */
  async set(key: string, record: RunRecord, ifVersion: string | null): Promise<string> {
    const value = this.#to(record)
    const {
      id,
      by: { owner },
    } = record
    if ((await this.#pointers.put(key, value, { ifVersion, owner })) !== 'conflict') return id
    // A pointer that has expired meanwhile is set again.
    const now = await this.#pointers.change(key, (found) => (found === undefined ? value : undefined), { owner })
    return now?.record.id ?? id
  }

  /**
   * Renews the slot pointers of a run that was created long ago, so that they find it as long as it is kept (A12).
   * Epoch seconds.
   */
  async keep(record: RunRecord, now: number): Promise<void> {
    // The clock of the process that made it may have been ahead.
    if (Math.abs(now - record.createdAt) <= NAMED_LONG_AGO_SECONDS) return
    const value = this.#to(record)
    // Another run may have the slot by now.
    for (const key of record.slots)
      await this.#pointers.change(key, (found = value) => (found.id === value.id ? value : undefined))
  }

  #to(record: RunRecord): Pointer {
    return { v: 1, id: record.id, keptFor: this.#keptFor(record) }
  }
}

/** The index names under which runs are found, by owner, approver and tool. */
export const runIndex = {
  /** Equal runs that run, are in doubt, or whose result was not delivered. */
  started: (binding: string): RecordName => ['started', binding],
  /** Questions of equal runs that are open. */
  asked: (binding: string): RecordName => ['asked', binding],
  /** Questions that are open to this person. */
  approver: (approver: Principal): RecordName => ['approver', principalKey(approver)],
  /** Runs of this owner, or of this session of an issuer's, that are not settled. */
  owner: revocableName,
  /** Denials, by their time. */
  refused: ({ owner, approver, tool }: NoesKey, bucket: number): RecordName => [
    'refused',
    principalKey(owner),
    principalKey(approver),
    tool,
    bucket,
  ],
}

/** Returns all index names of a record. */
export function indexOfRun(record: RunRecord): readonly RecordName[] {
  const { question, binding, tool } = record
  const { owner, sessionIds = [] } = record.by
  const state = stateOf(record)
  const names: RecordName[] = []
  if (!isSettled(state)) names.push(...revocableNames(owner, sessionIds))
  const isStarted = state === 'running' || (doubtSince(record) ?? undeliveredSince(record)) !== undefined
  if (isStarted) names.push(runIndex.started(binding))
  // Only open questions are listed for their approver, so that the page stays short (A14).
  if (question !== undefined && isUnanswered(record)) {
    names.push(runIndex.approver(question.approver), runIndex.asked(binding))
  }
  if (question?.answer?.decision === 'denied') {
    names.push(runIndex.refused({ owner, approver: question.approver, tool }, bucketOf(question.answer.at)))
  }
  return names
}

/** Name of the queue of questions to poll. */
export const POLLS = 'polls'

/** Time after which an unsent question counts as having no sender, in seconds. A sender has a lease of 45 s. */
const UNSENT_SECONDS = 60

/** Time in which a caller that waits in the foreground uses the answer, in seconds. It needs no notification then. */
const FOREGROUND_SECONDS = 10

/**
 * Returns the next time that a watcher polls a record, in epoch seconds. Returns `undefined` if nothing remains to be
 * done.
 *
 * An answered question stays in the queue until the app is notified: another watcher continues if this one dies in
 * between.
 */
export function dueOf(record: RunRecord, now: number): number | undefined {
  const { question } = record
  if (question === undefined) return undefined
  switch (stateOf(record)) {
    case 'requested':
      return now + UNSENT_SECONDS
    case 'pending':
      return isDelivered(question) ? nextStepAt(question) : undefined
    case 'running':
    case 'completed':
    case 'threw':
    case 'crashed':
      return undefined
    default:
      return question.told ? undefined : now + FOREGROUND_SECONDS
  }
}

import { isSamePerson } from '../lib/index.ts'
import type { Ledger } from './ledger.ts'
import type { Entry, RunRecord } from './record.ts'
import { NOES_WINDOW_SECONDS, type Refused } from './refused.ts'

/** After a no, an equal call is asked once more, this long after it at the earliest. Seconds. */
const ONCE_MORE_AFTER_SECONDS = 60

/** So many noes of one approver to one tool of one owner close that tool, for the window in which they were given. */
const MAX_NOES = 3

/** A question that may be asked, or not. */
export interface Asking extends Refused {
  readonly binding: string
  /** For so long a second no to an equal call closes it. Seconds. */
  readonly askAgainAfterSeconds: number
}

/**
 * Until when the approver may not be asked again, since they said no before (A14).
 *
 * @returns epoch seconds; `undefined` where they may be asked now.
 */
export async function closedUntil(ledger: Ledger, asking: Asking): Promise<number | undefined> {
  const { binding, askAgainAfterSeconds } = asking
  const now = ledger.now()
  // A second no counts from the first one on, and each of them may be as old as the window.
  const since = now - Math.max(NOES_WINDOW_SECONDS, askAgainAfterSeconds) * 2
  const noes = await noesSince(ledger, asking, since)
  const times = noes.map(endOf)
  const equal = noes.filter(({ record }) => record.binding === binding).map(endOf)
  const until = Math.max(closedTool(times), closedCall(equal, askAgainAfterSeconds))
  return now < until ? until : undefined
}

/** @param times - The newest first. */
function closedTool(times: readonly number[]): number {
  const newest = times[0]
  const oldest = times[MAX_NOES - 1]
  if (newest === undefined || oldest === undefined || oldest <= newest - NOES_WINDOW_SECONDS) return 0
  return newest + NOES_WINDOW_SECONDS
}

/** @param times - The newest first. */
function closedCall([newest, before]: readonly number[], askAgainAfterSeconds: number): number {
  if (newest === undefined) return 0
  const isSecond = before !== undefined && before > newest - askAgainAfterSeconds
  return newest + (isSecond ? askAgainAfterSeconds : Math.min(ONCE_MORE_AFTER_SECONDS, askAgainAfterSeconds))
}

/** Lets the approver of a question be asked again: their noes to this tool of this owner count no more. */
export async function reopen(ledger: Ledger, { record: { owner, question, tool } }: Entry): Promise<void> {
  if (question === undefined) return
  const asked = { owner, approver: question.approver, tool }
  for (const entry of await noesSince(ledger, asked, ledger.now() - MAX_ASK_AGAIN_SECONDS * 2)) {
    await ledger.update(entry, (record) => (record.state === 'denied' ? { ...record, reopened: true } : undefined))
  }
}

/** Longest time for which a second no may close a call. Seconds. */
export const MAX_ASK_AGAIN_SECONDS = 24 * 3600

/** Noes that count, the newest first. */
async function noesSince(ledger: Ledger, asked: Refused, since: number): Promise<readonly Entry[]> {
  const found = await ledger.refusedSince(asked, since)
  return found
    .filter(({ record }) => record.state === 'denied' && record.reopened !== true && isOf(record, asked))
    .sort((left, right) => endOf(right) - endOf(left))
}

const endOf = ({ record }: Entry): number => record.endedAt ?? 0

/** An index row proves nothing: what the record says counts. */
function isOf({ owner, tool, question }: RunRecord, asked: Refused): boolean {
  return tool === asked.tool && isSamePerson(owner, asked.owner) && isSamePerson(question?.approver, asked.approver)
}

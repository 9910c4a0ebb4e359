import { isSamePrincipal } from '../base/contract/index.ts'
import { type Entry, NOES_WINDOW_SECONDS, type NoesKey, type RunRecord, type StoredQuestion } from './record.ts'
import { runIndex } from './run-indexes.ts'
import { stateOf } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** Minimum time after a denial before an equal call is asked once more, in seconds. */
const ONCE_MORE_AFTER_SECONDS = 60

/** Number of denials of one approver, for one tool of one owner, that close the tool for the rest of the window. */
const MAX_NOES = 3

/** Default time for which a second denial closes an equal call, in seconds. */
const ASK_AGAIN_AFTER_SECONDS = 600

/** A question that may be asked, or not. */
export interface Asking extends Pick<RunRecord, 'tool' | 'binding'>, Pick<NoesKey, 'owner'> {
  readonly question: StoredQuestion
  /** Id of the run that asks, if it is stored already. */
  readonly id?: string
}

/** Effect of earlier denials on a question. */
export interface AfterNoes {
  /** Time until which the approver must not be asked, in epoch seconds. `undefined`: they may be asked now. */
  readonly closedUntil: number | undefined
  /** Whether they denied an equal call: then only one such question may be open at a time. */
  readonly isOnceMore: boolean
}

/** Returns whether the approver may be asked now, after possible denials (A14). */
export async function afterNoes(runStore: RunStore, asking: Asking): Promise<AfterNoes> {
  const { owner, tool, binding, question } = asking
  const { askAgainAfterSeconds = ASK_AGAIN_AFTER_SECONDS } = question
  const now = runStore.now()
  // A second no counts from the first one on, and each of them may be as old as the window.
  const since = now - Math.max(NOES_WINDOW_SECONDS, askAgainAfterSeconds) * 2
  const noes = await noesSince(runStore, { owner, tool, approver: question.approver }, since)
  const times = noes.map(endOf)
  const equal = noes.filter(({ record }) => record.binding === binding).map(endOf)
  const until = Math.max(
    closedUntil(times, MAX_NOES, NOES_WINDOW_SECONDS),
    closedUntil(equal, 2, askAgainAfterSeconds),
    closedUntil(equal, 1, Math.min(ONCE_MORE_AFTER_SECONDS, askAgainAfterSeconds)),
  )
  if (now < until) return { closedUntil: until, isOnceMore: true }
  const isOnceMore = (equal[0] ?? 0) > now - askAgainAfterSeconds
  const isAsked = isOnceMore && (await isEqualAsked(runStore, asking))
  return { closedUntil: isAsked ? now + ONCE_MORE_AFTER_SECONDS : undefined, isOnceMore }
}

/** Returns whether the approver has an equal open question now. */
async function isEqualAsked(runStore: RunStore, { id, binding, question }: Asking): Promise<boolean> {
  const now = runStore.now()
  const open = await runStore.all(runIndex.asked(binding))
  return open.some(
    ({ record }) =>
      record.id !== id &&
      stateOf(record) === 'pending' &&
      now < (record.question?.expiresAt ?? 0) &&
      isSamePrincipal(record.question?.approver, question.approver),
  )
}

/**
 * Returns until when so many denials within some seconds close a call or a tool for as long. Epoch seconds.
 *
 * @param times - The newest first.
 */
function closedUntil(times: readonly number[], noes: number, seconds: number): number {
  const [newest = 0, first] = [times[0], times[noes - 1]]
  return first !== undefined && first > newest - seconds ? newest + seconds : 0
}

/** Allows the approver of a question to be asked again: their denials for this tool and owner no longer count. */
export async function reopen(runStore: RunStore, { record: { by, question, tool } }: Entry): Promise<void> {
  if (question === undefined) return
  const asked = { owner: by.owner, approver: question.approver, tool }
  for (const entry of await noesSince(runStore, asked, runStore.now() - MAX_ASK_AGAIN_SECONDS * 2)) {
    await runStore.update(entry, ({ question, ...record }) => {
      const answer = question?.answer
      if (answer?.decision !== 'denied') return undefined
      return { ...record, question: { ...question, answer: { ...answer, reopened: true } } as StoredQuestion }
    })
  }
}

/** Longest time for which a second no may close a call. Seconds. */
export const MAX_ASK_AGAIN_SECONDS = 24 * 3600

/** Returns the denials that count, newest first. */
async function noesSince(runStore: RunStore, asked: NoesKey, since: number): Promise<readonly Entry[]> {
  const found = await runStore.refusedSince(asked, since)
  return found.filter(counts).sort((left, right) => endOf(right) - endOf(left))
}

const counts = ({ record: { question } }: Entry): boolean =>
  question?.answer?.decision === 'denied' && !question.answer.reopened

const endOf = ({ record: { question } }: Entry): number => question?.answer?.at ?? 0

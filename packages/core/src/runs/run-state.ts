import type { Approval, Denial, End, Entry, RunRecord, StoredQuestion, StoredResult } from './record.ts'

/** States of a run, as docs/run.md draws them. Each transition is a compare-and-swap on the stored record. */
export type RunState =
  | Exclude<End['how'], 'no_effect'>
  | Approval['decision']
  | Denial['decision']
  /** `crashed` is in doubt: the body started, and it is unknown whether it took effect. */
  | 'requested'
  | 'pending'
  | 'running'
  | 'crashed'
  /** The last allowed try ended without effect. */
  | 'threw'

const unsettled: readonly RunState[] = ['requested', 'pending', 'approved', 'running', 'crashed']

/** Returns whether only the runner can still change the run, or a call that asks again. */
export const isSettled = (state: RunState): boolean => !unsettled.includes(state)

/** Returns the state of a run, which its parts imply. It is never stored. */
export function stateOf({ question, attempt, end }: RunRecord): RunState {
  if (end) return end.how === 'no_effect' ? 'threw' : end.how
  if (attempt && !attempt.outcome) return 'running'
  if (attempt?.outcome?.kind === 'in_doubt') return 'crashed'
  if (!question) return 'approved'
  if (question.answer) return question.answer.decision
  if (question.refused) return 'failed'
  return question.delivery ? 'pending' : 'requested'
}

/** Maximum number of bodies that one run may start: a body without effect may be tried again. */
export const MAX_TRIES = 3

export const triesOf = ({ attempt }: RunRecord): number => attempt?.number ?? 0

/** Returns whether a time has not come yet. `undefined`: it never comes. */
export const inTime = (end: number | undefined, now: number): boolean => end === undefined || now < end

/** Returns the approval of a run, if a person gave one. */
export function approvalOf({ question }: RunRecord): Approval | undefined {
  return question?.answer?.decision === 'approved' ? question.answer : undefined
}

/** Returns whether `onCrash: 'retry'` lets a run in doubt start again, with the same key. */
export const mayRunAgain = (run: RunRecord, now: number): boolean =>
  stateOf(run) === 'crashed' &&
  run.retry === 'same_key' &&
  triesOf(run) < MAX_TRIES &&
  inTime(approvalOf(run)?.usableUntil, now)

/** Returns whether the run waits for an answer: the question was or will be sent. */
export const isUnanswered = (run: RunRecord): boolean => ['requested', 'pending'].includes(stateOf(run))

/** Returns whether the channel refused to send the question: the next call of the slot asks again, or needs none. */
export const isUnsent = (run: RunRecord): boolean => !run.end && stateOf(run) === 'failed'

/** Returns whether the run never started or had no effect, and may still start or be asked about again. */
export const isUnused = (run: RunRecord): boolean =>
  ['requested', 'pending', 'approved'].includes(stateOf(run)) || isUnsent(run)

/** Returns whether a body may start from this state, once the run is entitled. */
export const isStartable = (run: RunRecord): boolean => ['approved', 'crashed'].includes(stateOf(run)) || isUnsent(run)

/**
 * Returns since when the run is in doubt, also if its owner has said since that it did not run: an approver who is
 * another person has to be told (A13). In epoch seconds by the clock of the store.
 */
export function doubtSince({ attempt, end }: RunRecord): number | undefined {
  const outcome = attempt?.outcome
  if (!outcome || outcome.kind === 'no_effect' || end?.how === 'completed') return undefined
  return outcome.kind === 'in_doubt' || outcome.said === 'owner' ? outcome.since : undefined
}

/** Returns since when a completed run has a result that no caller has got. Epoch seconds of the store. */
export const undeliveredSince = ({ attempt, end }: RunRecord): number | undefined =>
  end?.how === 'completed' ? attempt?.undeliveredSince : undefined

/** Returns why the run ended, was denied or was not sent, if that is known. For the operator. */
export function noteOf({ question, end }: RunRecord): string | undefined {
  if (end) return end.why
  const { answer, refused } = question ?? {}
  return answer?.decision === 'denied' ? answer.why : refused?.why
}

/** Returns the name of a run's last try, of which a question may tell. */
export const tryOf = ({ record }: Entry): string => `${record.id} ${triesOf(record)}`

/** Returns the question without its delivery: no answer is waited for. */
export const withdrawn = (question: StoredQuestion | undefined): StoredQuestion | undefined =>
  question && { ...question, delivery: undefined }

/** Returns the run in doubt. The approval's own token is kept only if the run is tried again with the same key. */
export const doubted = ({ question, attempt, ...record }: RunRecord, since: number): RunRecord => ({
  ...record,
  question: (record.retry === 'same_key' ? withdrawn : closed)(question),
  attempt: attempt && { ...attempt, outcome: { kind: 'in_doubt', since } },
  end: undefined,
})

/** Returns the run with its result. */
export const completed = (
  { question, attempt, ...record }: RunRecord,
  result: StoredResult,
  at: number,
): RunRecord => ({
  ...record,
  question: closed(question),
  attempt: attempt && { ...attempt, outcome: undefined, undeliveredSince: undefined },
  end: { how: 'completed', at, result },
})

/** Returns the question without delivery and answer: what was said to it does not count. */
export const unasked = (question: StoredQuestion | undefined): StoredQuestion | undefined =>
  question && { ...question, delivery: undefined, answer: undefined }

/** Returns the question without the approval's own token: it was used, or must not be. */
export const withoutToken = (question: StoredQuestion | undefined): StoredQuestion | undefined =>
  question?.answer?.decision === 'approved'
    ? { ...question, answer: { ...question.answer, token: undefined } }
    : question

/** Returns the question without its delivery and the approval's own token: nothing can come of it. */
export const closed = (question: StoredQuestion | undefined): StoredQuestion | undefined =>
  withdrawn(withoutToken(question))

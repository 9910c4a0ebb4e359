import { shownTime } from '../../base/values/index.ts'
import { advanceRun, type Settled } from '../../runs/advance-run.ts'
import { enforcedBy } from '../../runs/approval-state.ts'
import { startedRuns } from '../../runs/find-run.ts'
import { isDelivered, nextReadAt, secondsToPoll } from '../../runs/poll-times.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'
import { isUnsent, isUnused, stateOf } from '../../runs/run-state.ts'
import { untilWoken } from '../../runs/wake.ts'
import type { PermittedCall, ReadyRun } from '../call/call.ts'
import type { Finding, Phase } from '../call/call-report.ts'
import { deny, interrupted, type Refusal, unavailable, underWay, unknownOutcome } from '../call/refusal.ts'
import { channelOfRun, type Runs } from '../guard-parts.ts'
import { closedRefusal } from './build-approval-request.ts'
import { askWhereNeeded } from './entitle.ts'
import { type FoundRun, joinsInstead, type Reauthorize, runOfCall, startedByOthers } from './run-of-call.ts'

/** A run that may be claimed. `run` is absent for a preflight that needs no approval and found no run. */
export type Approved = Finding<{ readonly run: ReadyRun | undefined; readonly waited: boolean }>

/** The run has ended before, and its result is returned again. */
export interface Replay {
  readonly replay: Extract<Settled, { status: 'replay' }>
}

/**
 * Finds, adopts or creates the run of this slot and input, and advances it as far as possible without running
 * it.
 *
 * In preflight, finds a run that needs no question, but does not create one.
 */
export async function approve(
  call: PermittedCall,
  runs: Runs,
  phase: Phase,
  reauthorize: Reauthorize,
): Promise<Approved | Replay | Refusal> {
  const found = await runOfCall(call, runs, phase, reauthorize)
  if (found === undefined) return { facts: { run: undefined, waited: false } }
  if ('status' in found) return found
  // Also set if no person is asked: an operator resolves a crash by this id.
  call.report.approvalId = found.entry.record.id
  const { settled, waited } = await settleWithin(call, found, runs, phase)
  // A caller of another kind may have started the run during the wait.
  const foreign = 'entry' in settled ? startedByOthers(settled.entry.record, call.identity) : undefined
  if (foreign !== undefined) return foreign
  switch (settled.status) {
    case 'joined':
      return approve(call, runs, phase, reauthorize)
    case 'ready':
      return { facts: { run: settled, waited }, detail: describe(settled) }
    case 'pending':
      return pendingRefusal(settled.entry.record, runs)
    case 'busy':
      return busyRefusal(settled)
    case 'refused':
      return refusedRun(settled, runs)
    case 'closed':
      return closedRefusal(settled.until, runs)
    case 'replay':
      return { replay: settled }
    default:
      return settled
  }
}

type SettledCall =
  | Exclude<Settled, { status: 'ready' }>
  | ({ readonly status: 'ready' } & ReadyRun)
  /** The slot has another run now, whose result the call gets. */
  | { readonly status: 'joined' }
  | Refusal

/** Maximum of replaced questions in a row. Beyond it, the guard assumes that another call replaces them too. */
const MAX_REPLACED = 8

/**
 * Settles the run. With `wait` in the policy, continues until the person has answered or the time is over. A preflight
 * returns at once.
 */
async function settleWithin(
  call: PermittedCall,
  { entry, started }: FoundRun,
  runs: Runs,
  phase: Phase,
): Promise<{ readonly settled: SettledCall; readonly waited: boolean }> {
  const { wait } = call.policy.rules
  const waitMs = phase === 'run' ? (wait?.maxSeconds ?? 0) * 1000 : 0
  const began = { clock: runs.clock.now(), elapsed: performance.now() }
  let current: FoundRun = { entry, started }
  let waited = false
  for (let replaced = 0; replaced < MAX_REPLACED; ) {
    const settled = await settleOnce(call, current, runs, phase)
    if (settled.status === 'replaced') {
      current = { entry: settled.entry }
      replaced++
      continue
    }
    // A clock that is set back makes no wait longer, and no call wait that must not.
    const left = waitMs - Math.max(runs.clock.now() - began.clock, performance.now() - began.elapsed)
    if (settled.status !== 'pending' || left <= 0) return { settled, waited }
    waited = true
    current = { entry: await afterAWait(call, settled.entry, left, runs) }
  }
  return { settled: unavailable('other calls replace it'), waited }
}

type SettledOnce = SettledCall | { readonly status: 'replaced'; readonly entry: Entry }

/**
 * Polls for the answer once. Gives the call an undelivered result in place of its own run, asks again if the question does
 * not fit the call, and sends it.
 */
async function settleOnce(
  call: PermittedCall,
  { entry, started }: FoundRun,
  runs: Runs,
  phase: Phase,
): Promise<SettledOnce> {
  // A question that a person has received is polled first: their answer counts, even if the policy now asks something
  // else.
  const isSent = stateOf(entry.record) === 'pending'
  const polled = isSent ? await step(call, entry, runs) : undefined
  if (polled !== undefined && polled.status !== 'pending' && polled.status !== 'ready') return polled
  const current = polled?.entry ?? entry
  const { record } = current
  // If no poll is due, or another process polls now, the answer is unknown: the question is not replaced yet. For a
  // channel without polls, the record holds the answer.
  const isPolled = polled?.entry.version !== entry.version || channelOfRun(entry, runs).channel?.poll === undefined
  const known = started ?? (isUnused(record) ? await startedRuns(runs.runStore, record.binding, record.id) : undefined)
  if (phase === 'run' && (isPolled || !isSent) && (await joinsInstead(call, current, known, runs))) {
    return { status: 'joined' }
  }
  const fitted = await askWhereNeeded(call, current, runs, { isPolled, started: known })
  if ('status' in fitted) return fitted
  const isDone = polled?.status === 'pending' && current.version === fitted.entry.version
  return isDone ? polled : settleFitted(call, fitted, runs)
}

/** Advances a run whose question fits the call. */
async function settleFitted(
  call: PermittedCall,
  fitted: Extract<Awaited<ReturnType<typeof askWhereNeeded>>, { readonly entry: Entry }>,
  runs: Runs,
): Promise<SettledOnce> {
  const { entry: asked, entitled: early } = fitted
  // Its question was not sent, and this call needs none.
  if (isUnsent(asked.record) && early !== undefined) return { status: 'ready', entry: asked, entitled: early }
  const settled = await step(call, asked, runs)
  if (settled.status !== 'ready') return settled
  // Decides on the current state of the record, not on the state before its answer.
  const ready = settled.entry.version === asked.version ? fitted : await askWhereNeeded(call, settled.entry, runs)
  if ('status' in ready) return ready
  const { entry: now, entitled } = ready
  return entitled === undefined ? { status: 'replaced', entry: now } : { status: 'ready', entry: now, entitled }
}

function step(call: PermittedCall, entry: Entry, runs: Runs): Promise<Settled> {
  const { channel, context } = channelOfRun(entry, runs, call.deadline.signal)
  return advanceRun(runs.runStore, entry, channel, context)
}

/** Waits for the answer until its next poll is due. */
async function afterAWait(
  { deadline, invocation }: PermittedCall,
  entry: Entry,
  leftMs: number,
  { runStore }: Runs,
): Promise<Entry> {
  const { id, question } = entry.record
  const dueAt = isDelivered(question) ? nextReadAt(question, runStore.now()) : 0
  const dueIn = (dueAt - runStore.now()) * 1000
  deadline.pause()
  await untilWoken(id, Math.min(leftMs, Math.max(dueIn, 250)), invocation.signal)
  deadline.restart()
  // A ping makes a poll due. An answer from the app's own pages is already in the record.
  return (await runStore.read(id)) ?? entry
}

function describe({ entry: { record }, entitled }: ReadyRun): string {
  if (entitled.kind === 'not_required' || record.question === undefined) return 'needs no question'
  return `${stateOf(record)}; asked ${record.question.approver.subject}; enforcedBy: ${enforcedBy(record.question)}`
}

function pendingRefusal(record: RunRecord, { runStore }: Runs): Refusal {
  const { question } = record
  const message = question?.message ?? ''
  const since = shownTime(record.createdAt)
  const note = question?.again === undefined ? '' : ` (${question.again})`
  return interrupted(
    `${stateOf(record)}: waits for ${question?.approver.subject ?? 'a person'} since ${since}${note}`,
    {
      kind: 'approval_pending',
      id: record.id,
      message: question?.again === 'answer_lost' ? `Your answer was lost, please answer again: ${message}` : message,
      interval: secondsToPoll(record, runStore.now()),
      expiresAt: Math.floor(question?.delivery?.expiresAt ?? question?.expiresAt ?? 0),
    },
  )
}

const busyRefusal = ({ entry, retryAfter, why, isRunning }: Extract<Settled, { status: 'busy' }>): Refusal =>
  isRunning ? underWay(why, 'own', [entry]) : unavailable(why, retryAfter)

function refusedRun(
  { code, why, entry }: Extract<Settled, { status: 'refused' }>,
  runs: Runs,
): Refusal | Promise<Refusal> {
  return code === 'unknown_outcome' ? unknownOutcome(entry, why, runs) : deny(code, why)
}

import {
  type Entry,
  nextStepAt,
  type RunRecord,
  type Settled,
  secondsToPoll,
  settleRun,
  untilWoken,
} from '../approvals/index.ts'
import { askWhereNeeded, type Entitled } from './entitle.ts'
import type { Environment } from './environment.ts'
import { closedStop } from './new-question.ts'
import type { Progress } from './progress.ts'
import { runOfCall, startedByOthers } from './run-of-call.ts'
import { deny, type Stop } from './stop.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** How step 6 ends: a run that may be claimed, a result to tell again, or a stop. */
export type Approved =
  | { readonly status: 'ready'; readonly entry: Entry; readonly entitled: Entitled }
  /** A preflight of a call that needs no approval, and has no run yet. */
  | { readonly status: 'ready'; readonly entry: undefined }
  | Extract<Settled, { status: 'replay' }>
  | { readonly status: 'stop'; readonly stop: Stop }

/**
 * Step 6: the run record of this slot and input is found, adopted or created, and brought as far as it goes.
 *
 * In preflight, a run that needs no question is looked for and not created.
 */
export async function settleApproval(
  progress: Progress,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<Approved> {
  const entry = await runOfCall(progress, environment, phase)
  if (entry === undefined) return { status: 'ready', entry }
  if ('status' in entry) return { status: 'stop', stop: entry }
  // Also where nobody is asked: by this id an operator says what became of a crash.
  progress.approvalId = entry.record.id
  const settled = await settleWithin(progress, entry, environment, phase)
  // It may have been started by another kind of caller while this one waited.
  const foreign = 'entry' in settled && progress.identity && startedByOthers(settled.entry.record, progress.identity)
  if (foreign) return { status: 'stop', stop: foreign }
  switch (settled.status) {
    case 'ready':
      progress.passed('approval', describe(settled.entry.record, settled.entitled))
      return settled
    case 'replay':
      progress.passed('approval', settled.entry.record.state)
      return settled
    case 'pending':
      return { status: 'stop', stop: pendingStop(settled.entry.record, environment) }
    case 'busy':
      return { status: 'stop', stop: busyStop(settled) }
    case 'refused':
      return { status: 'stop', stop: await refusedStop(settled, environment) }
    case 'closed':
      return { status: 'stop', stop: closedStop(settled.until, environment) }
    case 'stop':
      return settled
    default:
      return settled satisfies never
  }
}

type SettledCall =
  | Exclude<Settled, { status: 'ready' }>
  | Extract<Approved, { status: 'stop' }>
  | Extract<Approved, { readonly entry: Entry; status: 'ready' }>

/** Questions of one call that are replaced in a row, before somebody else is changing them too. */
const MAX_REPLACED = 8

/**
 * Settles, and where the policy says `wait`, goes on settling until somebody answered or the time is over.
 * A preflight answers at once.
 */
async function settleWithin(
  progress: Progress,
  entry: Entry,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<SettledCall> {
  const { wait } = progress.definition.rules
  const until = environment.clock.now() + (phase === 'run' ? (wait?.maxSeconds ?? 0) : 0) * 1000
  let current = entry
  for (let replaced = 0; replaced < MAX_REPLACED; ) {
    const settled = await settleOnce(progress, current, environment)
    if (settled.status === 'replaced') {
      current = settled.entry
      replaced++
      continue
    }
    const left = until - environment.clock.now()
    if (settled.status !== 'pending' || left <= 0) return settled
    current = await afterAWait(progress, settled.entry, left, environment)
  }
  const detail = 'other calls keep replacing the question of this run'
  return { status: 'stop', stop: { status: 'unavailable', retryAfter: 1, detail } }
}

/** Asks anew where the question does not fit the call, sends it, and polls for its answer once. */
async function settleOnce(
  progress: Progress,
  entry: Entry,
  environment: Environment,
): Promise<SettledCall | { readonly status: 'replaced'; readonly entry: Entry }> {
  const { identity } = progress
  if (identity === undefined) return { status: 'stop', stop: deny('misconfigured', 'a write needs an identity') }
  const step = (at: Entry) =>
    settleRun(environment.ledger, at, environment.channels.get(at.record.question?.channel ?? ''), {
      authorizationServers: environment.servers,
      clock: environment.clock,
      signal: progress.signal,
    })
  // A question that is with a person is polled first: what they said counts, whatever the policy asks now.
  const polled = entry.record.state === 'pending' ? await step(entry) : undefined
  if (polled !== undefined && polled.status !== 'pending' && polled.status !== 'ready') return polled
  // Where no poll is due, or another process makes it now, nobody knows what they said: it is not replaced yet.
  const isPolled =
    polled?.entry.version !== entry.version || !environment.channels.has(entry.record.question?.channel ?? '')
  const fitted = await askWhereNeeded(progress, polled?.entry ?? entry, identity, environment, isPolled)
  if ('status' in fitted) return { status: 'stop', stop: fitted }
  const isDone = polled?.status === 'pending' && polled.entry.version === fitted.entry.version
  const settled = isDone ? polled : await step(fitted.entry)
  if (settled.status !== 'ready') return settled
  // Decided on this very state of the record, and not on the one before its answer.
  const isSame = settled.entry.version === fitted.entry.version
  const ready = isSame ? fitted : await askWhereNeeded(progress, settled.entry, identity, environment)
  if ('status' in ready) return { status: 'stop', stop: ready }
  const { entry: now, entitled } = ready
  return entitled === undefined ? { status: 'replaced', entry: now } : { status: 'ready', entry: now, entitled }
}

/** Waits for the answer for as long as its next poll is away. */
async function afterAWait(progress: Progress, entry: Entry, leftMs: number, { ledger }: Environment): Promise<Entry> {
  const { record } = entry
  const { question, delivery } = record
  const dueAt = delivery === undefined ? 0 : nextStepAt({ question, delivery })
  const dueIn = (dueAt - ledger.now()) * 1000
  progress.waited = true
  progress.pauseDeadline()
  await untilWoken(record.id, Math.min(leftMs, Math.max(dueIn, 250)), progress.invocation.signal)
  progress.restartDeadline()
  // A ping makes a poll due, and an answer in the app's own pages is in the record already.
  return (await ledger.read(entry.record.id)) ?? entry
}

function describe(record: RunRecord, entitled: Entitled): string {
  if (entitled.kind === 'not_required' || record.question === undefined) return 'needs no question'
  const by = record.question.credential === undefined ? 'sdk' : 'server'
  return `${record.state}; asked ${record.question.approver.subject}; enforcedBy: ${by}`
}

function pendingStop(record: RunRecord, environment: Environment): Stop {
  const { question, delivery } = record
  const message = question?.message ?? ''
  return {
    status: 'interrupted',
    detail: `${record.state}: waits for ${question?.approver.subject ?? 'a person'}${record.note === undefined ? '' : ` (${record.note})`}`,
    interrupt: {
      kind: 'approval_pending',
      id: record.id,
      message: record.note === 'answer_lost' ? `Your answer was lost, please answer again: ${message}` : message,
      interval: secondsToPoll(record, environment.ledger.now()),
      expiresAt: Math.floor(delivery?.expiresAt ?? question?.expiresAt ?? 0),
    },
  }
}

const busyStop = ({ retryAfter, why, underWay }: Extract<Settled, { status: 'busy' }>): Stop => ({
  status: 'unavailable',
  retryAfter,
  detail: why,
  underWay,
})

function refusedStop(
  { code, why, entry }: Extract<Settled, { status: 'refused' }>,
  environment: Environment,
): Stop | Promise<Stop> {
  return code === 'unknown_outcome' ? unknownOutcome(entry, why, environment) : deny(code, why)
}

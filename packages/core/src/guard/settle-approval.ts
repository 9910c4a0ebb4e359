import {
  bindingOf,
  type Entry,
  findOrCreateRun,
  findRun,
  idempotencyKey,
  ownerOf,
  type RunRecord,
  type Settled,
  settleRun,
  slotKey,
  untilWoken,
} from '../approvals/index.ts'
import { channelOf, draftQuestion } from './draft-question.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** How step 6 ends: a run that may be claimed, a result to tell again, or a stop. */
export type Approved =
  | { readonly status: 'ready'; readonly entry: Entry | undefined }
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
  const entry = await findRecord(progress, environment, phase)
  if (entry === undefined) return { status: 'ready', entry }
  if ('status' in entry) return { status: 'stop', stop: entry }
  // Also where nobody is asked: by this id an operator says what became of a crash.
  progress.approvalId = entry.record.id
  const settled = await settleWithin(progress, entry, environment, phase)
  switch (settled.status) {
    case 'ready':
    case 'replay':
      progress.passed('approval', describe(settled.entry.record))
      return settled
    case 'pending':
      return { status: 'stop', stop: pendingStop(settled.entry.record, environment) }
    case 'busy':
      return { status: 'stop', stop: busyStop(settled) }
    case 'refused':
      return { status: 'stop', stop: await refusedStop(settled, environment) }
    default:
      return settled satisfies never
  }
}

async function findRecord(
  progress: Progress,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<Entry | undefined | Stop> {
  const { definition, identity, input, invocation } = progress
  if (identity === undefined) return deny('misconfigured', 'a write needs an identity')
  if (!isSlot(invocation.slot)) {
    return deny(
      'misconfigured',
      'a slot is a non-empty text, or a thread id and a call id: nothing else finds a run again',
    )
  }
  const { ledger, agent } = environment
  progress.policyVersion = await definition.version()
  const binding = await bindingOf(
    { identity, agent: agent.name, tool: invocation.tool, policyVersion: progress.policyVersion, input },
    ledger.hash,
  )
  const slot = await slotKey(invocation.slot, binding, ledger.hash)
  const found = await findRun(ledger, slot)
  if (found !== undefined || (phase === 'preflight' && !progress.needsApproval)) return found
  const { approval } = definition.rules
  const question =
    progress.needsApproval && approval !== undefined
      ? draftQuestion(progress, identity, approval, environment)
      : undefined
  if (question !== undefined && 'status' in question) return question
  const perCall = question === undefined || approval?.perCall === true
  const user = identity.kind === 'user' ? identity : undefined
  const record = (id: string): RunRecord => ({
    v: 1,
    id,
    state: question === undefined ? 'approved' : 'requested',
    binding,
    tool: invocation.tool,
    policyVersion: progress.policyVersion ?? '',
    owner: ownerOf(identity),
    ...(user?.actor !== undefined && { actor: user.actor }),
    ...(user?.sessionId !== undefined && { sessionId: user.sessionId }),
    slots: [slot],
    perCall,
    onCrash: approval?.onCrash ?? 'report',
    createdAt: ledger.now(),
    ...(question !== undefined && { question }),
    sends: 0,
  })
  return findOrCreateRun(ledger, { binding, slotKey: slot, adoptable: !perCall, record })
}

function isSlot(slot: unknown): boolean {
  const parts: readonly unknown[] = Array.isArray(slot) && slot.length === 2 ? slot : [slot]
  return parts.every((part) => typeof part === 'string' && part !== '')
}

/**
 * Settles, and where the policy says `wait`, goes on settling until somebody answered or the time is over.
 * A preflight answers at once.
 */
async function settleWithin(
  progress: Progress,
  entry: Entry,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<Settled> {
  const { approval, wait } = progress.definition.rules
  const chosen =
    approval === undefined || entry.record.question === undefined ? undefined : channelOf(approval, environment)
  const channel = chosen !== undefined && 'channel' in chosen ? chosen.channel : undefined
  const until = environment.clock.now() + (phase === 'run' ? (wait?.maxSeconds ?? 0) : 0) * 1000
  let current = entry
  for (;;) {
    const settled = await settleRun(environment.ledger, current, channel, {
      authorizationServers: environment.servers,
      clock: environment.clock,
      signal: progress.signal,
    })
    current = settled.entry
    const left = until - environment.clock.now()
    if (settled.status !== 'pending' || left <= 0) return settled
    const dueIn = ((current.record.delivery?.nextLookAt ?? 0) - environment.ledger.now()) * 1000
    progress.waited = true
    progress.pauseDeadline()
    await untilWoken(current.record.id, Math.min(left, Math.max(dueIn, 250)), progress.invocation.signal)
    progress.restartDeadline()
    // A ping makes a look due, and an answer in the app's own pages is in the record already.
    current = (await environment.ledger.read(current.record.id)) ?? current
  }
}

function describe(record: RunRecord): string {
  if (record.question === undefined) return 'needs no question'
  const by = record.question.credential === undefined ? 'sdk' : 'server'
  return `${record.state}; asked ${record.question.approver.subject}; enforcedBy: ${by}`
}

function pendingStop(record: RunRecord, environment: Environment): Stop {
  const { question, delivery } = record
  const message = question?.message ?? ''
  const due = delivery === undefined ? 1 : Math.max(1, Math.ceil(delivery.nextLookAt - environment.ledger.now()))
  return {
    status: 'interrupted',
    detail: `${record.state}: waits for ${question?.approver.subject ?? 'a person'}${record.note === undefined ? '' : ` (${record.note})`}`,
    interrupt: {
      kind: 'approval_pending',
      id: record.id,
      message: record.note === 'answer_lost' ? `Your answer was lost, please answer again: ${message}` : message,
      interval: due,
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

/** Nobody here knows what came of a run; with its key, the API may. */
export async function unknownOutcome({ record }: Entry, detail: string, { ledger }: Environment): Promise<Stop> {
  const key = await idempotencyKey(record.id, record.binding, ledger.hash)
  return { status: 'denied', code: 'unknown_outcome', detail, idempotencyKey: key }
}

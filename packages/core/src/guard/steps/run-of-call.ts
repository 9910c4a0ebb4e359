import type { Identity, Json } from '../../base/contract/index.ts'
import { equalJson, kinds, shown } from '../../base/values/index.ts'
import { bindingOf, slotKey } from '../../runs/binding.ts'
import { isSameKind } from '../../runs/caller.ts'
import { endUnused, shareRun } from '../../runs/end-run.ts'
import { misfitOf } from '../../runs/entitlement.ts'
import { findOrCreateRun, findRun, joinRun, type StartedRuns, startedRuns } from '../../runs/find-run.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'
import { isSettled, stateOf } from '../../runs/run-state.ts'
import { needsApproval, type PermittedCall } from '../call/call.ts'
import type { Phase } from '../call/call-report.ts'
import { deny, type Refusal, unknownOutcome } from '../call/refusal.ts'
import { channelOfRun, type Runs } from '../guard-parts.ts'
import { buildApprovalRequest } from './build-approval-request.ts'
import { askedBy, blockedBy, demandOf, foreignQuestion, joinable, mayJoin, runsToTell } from './entitle.ts'
import { comparedInput } from './parse.ts'

/** Authorizes the call again, with the stored input of its run. */
export type Reauthorize = (input: Json) => Promise<Refusal | undefined>

/** The run of a call, and equal runs that had started when it was created. */
export interface FoundRun {
  readonly entry: Entry
  readonly started?: StartedRuns | undefined
}

/**
 * Finds the run of this call by its slot, adopts one, or creates one. Returns `undefined` if a preflight that needs no
 * approval found no run.
 */
export async function runOfCall(
  call: PermittedCall,
  runs: Runs,
  phase: Phase,
  reauthorize: Reauthorize,
): Promise<FoundRun | undefined | Refusal> {
  const { policy, identity, invocation } = call
  if (!isSlot(invocation.slot)) {
    return deny('misconfigured', `slot: is ${shown(invocation.slot)}; give a non-empty text, or [threadId, callId]`)
  }
  const { runStore } = runs
  call.report.policyVersion = await policy.version()
  const slot = await slotKeyOf(call, runs)
  const known = await findRun(runStore, slot)
  const found = known === undefined ? await newRun(call, slot, runs, phase) : { entry: known }
  if (found === undefined || 'status' in found) return found
  const shared = shareRun(runStore, found.entry, identity)
  const entry = shared instanceof Promise ? await shared : shared
  const foreign = startedByOthers(entry.record, identity)
  if (foreign !== undefined) return foreign
  // An earlier try was parsed to something else, as by a random default (A12).
  const { input } = entry.record
  const state = stateOf(entry.record)
  const refusal = equalJson(input, call.input) ? undefined : await reauthorize(input)
  const isUnfit = refusal?.status === 'denied' && refusal.code === 'invalid_input' && started.includes(state)
  if (!isUnfit) return refusal ?? { ...found, entry }
  // The run started before. If the model read that its arguments are invalid, it would write again with others.
  return isSettled(state) ? { ...found, entry } : unknownOutcome(entry, refusal.detail, runs)
}

/**
 * Refuses a caller of another kind than the one that started the run (A12). Such a caller learns neither the run's
 * result nor that it is in doubt.
 */
export function startedByOthers(record: RunRecord, identity: Identity): Refusal | undefined {
  if (!started.includes(stateOf(record)) || isSameKind(record, identity)) return undefined
  return deny('not_permitted', 'another kind of caller started this run')
}

const started: readonly string[] = ['running', 'completed', 'threw', 'crashed']

/**
 * Gives a slot whose run never started the result of an equal run. Its question was polled just now: no answer of a
 * person is lost.
 */
export async function joinsInstead(
  call: PermittedCall,
  entry: Entry,
  started: StartedRuns | undefined,
  runs: Runs,
): Promise<boolean> {
  if (started === undefined || !mayJoin(entry.record) || foreignQuestion(entry.record, call.identity) !== undefined)
    return false
  return (await joinedRun(call, await slotKeyOf(call, runs), started, runs, entry)) !== undefined
}

const slotKeyOf = ({ identity, invocation, rawInput }: PermittedCall, { runStore, agent }: Runs): Promise<string> =>
  slotKey({ identity, agent: agent.name, tool: invocation.tool, slot: invocation.slot, rawInput }, runStore.hash)

/** Gives this call the result of an equal run whose caller had left, once. Its own question is withdrawn. */
async function joinedRun(
  call: PermittedCall,
  slot: string,
  started: StartedRuns,
  runs: Runs,
  known?: Entry,
): Promise<Entry | undefined> {
  const { runStore } = runs
  if (started.undelivered.length === 0) return undefined
  for (const entry of joinable(call, started, await runStore.storeNow())) {
    const joined = await joinRun(runStore, entry, slot, known?.record)
    if (joined === undefined) continue
    if (known !== undefined) {
      const ended = await endUnused(runStore, known, 'cancelled', true)
      void ended.tell(channelOfRun(known, runs))
    }
    return joined
  }
  return undefined
}

async function newRun(
  call: PermittedCall,
  slot: string,
  runs: Runs,
  phase: Phase,
): Promise<FoundRun | undefined | Refusal> {
  const { identity, policy, input } = call
  const { tool } = call.invocation
  const { runStore, agent } = runs
  const equal = { identity, agent: agent.name, tool, ...(await comparedInput(call, runStore)) }
  const binding = await bindingOf(equal, runStore.hash)
  const started = await startedRuns(runStore, binding)
  const joined = phase === 'run' ? await joinedRun(call, slot, started, runs) : undefined
  if (joined !== undefined) return { entry: joined }
  const blocked = await blockedBy(call, started, runs)
  if (blocked !== undefined) return blocked
  const toTell = runsToTell(call, started)
  const asks = needsApproval(call)
  if (phase === 'preflight' && !asks) return undefined
  const question = asks ? await buildApprovalRequest(call, { binding }, toTell, runs) : undefined
  if (question !== undefined && 'status' in question) return question
  const perCall = question === undefined || policy.rules.approval?.perCall === true
  const record = (id: string): RunRecord => ({
    v: 1,
    id,
    binding,
    tool,
    input,
    slots: [slot],
    perCall,
    retry: policy.rules.approval?.onCrash === 'retry' ? 'same_key' : 'never',
    createdAt: runStore.now(),
    by: askedBy(call),
    asked: { sends: 0, replaced: 0 },
    question,
  })
  const demand = demandOf(call, toTell, runs)
  const fits = perCall ? undefined : (open: RunRecord) => misfitOf(open, demand) === undefined
  return { entry: await findOrCreateRun(runStore, { binding, slotKey: slot, fits, record }), started }
}

const isSlot = (slot: unknown): boolean => kinds.texts.holds(Array.isArray(slot) && slot.length === 2 ? slot : [slot])

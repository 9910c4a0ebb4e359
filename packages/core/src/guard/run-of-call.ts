import {
  bindingOf,
  callerOf,
  type Entry,
  findOrCreateRun,
  findRun,
  isSameKind,
  misfitOf,
  type RunRecord,
  shareRun,
  slotKey,
  startedRuns,
} from '../approvals/index.ts'
import type { Identity, Json } from '../contract/index.ts'
import { equalJson } from '../lib/index.ts'
import { checkWithInput } from './check-call.ts'
import { askedBy, blockedBy, demandOf } from './entitle.ts'
import type { Environment } from './environment.ts'
import { newQuestion } from './new-question.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/**
 * The run of this call: found by its slot, adopted or created; `undefined` where a preflight that needs no approval found
 * none; or why there may be none.
 */
export async function runOfCall(
  progress: Progress,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<Entry | undefined | Stop> {
  const { definition, identity, invocation, rawInput } = progress
  if (identity === undefined) return deny('misconfigured', 'a write needs an identity')
  if (!isSlot(invocation.slot)) {
    return deny(
      'misconfigured',
      'a slot is a non-empty text, or a thread id and a call id: nothing else finds a run again',
    )
  }
  const { ledger, agent } = environment
  progress.policyVersion = await definition.version()
  const call = { identity, agent: agent.name, tool: invocation.tool }
  const slot = await slotKey({ ...call, slot: invocation.slot, rawInput }, ledger.hash)
  const found = (await findRun(ledger, slot)) ?? (await newRun(progress, { ...call, slot }, environment, phase))
  if (found === undefined || 'status' in found) return found
  const shared = shareRun(ledger, found, identity)
  const entry = shared instanceof Promise ? await shared : shared
  const foreign = startedByOthers(entry.record, identity)
  if (foreign !== undefined) return foreign
  // An earlier try was parsed to something else, as by a random default (A12).
  const { input } = entry.record
  return (equalJson(input, progress.input) ? undefined : await checkWithInput(progress, input, environment)) ?? entry
}

/** What a run gave, and that it is in doubt, is told to the kind of caller that started it, and to no other (A12). */
export function startedByOthers(record: RunRecord, identity: Identity): Stop | undefined {
  if (!started.includes(record.state) || isSameKind(record, callerOf(identity))) return undefined
  return deny('not_permitted', 'another kind of caller started this run: what it gave is not told to this one')
}

const started: readonly string[] = ['running', 'completed', 'threw', 'crashed']

/** What a new run is made of, beside what its policy says. */
interface NewCall {
  readonly identity: Identity
  readonly agent: string
  readonly tool: string
  readonly slot: string
}

async function newRun(
  progress: Progress,
  { identity, agent, tool, slot }: NewCall,
  environment: Environment,
  phase: 'preflight' | 'run',
): Promise<Entry | undefined | Stop> {
  const { ledger } = environment
  const input: Json = progress.input
  const binding = await bindingOf({ identity, agent, tool, input }, ledger.hash)
  const started = await startedRuns(ledger, binding)
  const { inDoubt } = started
  progress.startedBefore = started
  const blocked = await blockedBy(progress, started, environment)
  if (blocked !== undefined) return blocked
  if (phase === 'preflight' && !progress.needsApproval) return undefined
  const { approval } = progress.definition.rules
  const question = progress.needsApproval ? await newQuestion(progress, { binding }, inDoubt, environment) : undefined
  if (question !== undefined && 'status' in question) return question
  const perCall = question === undefined || approval?.perCall === true
  const record = (id: string): RunRecord => ({
    v: 1,
    id,
    state: question === undefined ? 'approved' : 'requested',
    binding,
    tool,
    ...askedBy(progress, identity),
    input,
    slots: [slot],
    perCall,
    onCrash: approval?.onCrash ?? 'report',
    createdAt: ledger.now(),
    ...(question !== undefined && { question }),
    sends: 0,
  })
  const demand = demandOf(progress, identity, inDoubt, environment)
  const fits = perCall ? undefined : (open: RunRecord) => misfitOf(open, demand) === undefined
  return findOrCreateRun(ledger, { binding, slotKey: slot, fits, record })
}

function isSlot(slot: unknown): boolean {
  const parts: readonly unknown[] = Array.isArray(slot) && slot.length === 2 ? slot : [slot]
  return parts.every((part) => typeof part === 'string' && part !== '')
}

import { StoreError } from '../base/errors/index.ts'
import { starterOf } from './caller.ts'
import type { Attempt, Entry, RunRecord } from './record.ts'
import { runIndex } from './run-indexes.ts'
import { approvalOf, doubted, doubtSince, inTime, isUnanswered, stateOf, undeliveredSince } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** Data to find a run, or to create it. */
export interface RunDraft {
  readonly binding: string
  /** Key of the slot, from `slotKey`. */
  readonly slotKey: string
  /** Returns whether an open run of another slot may serve this call. Absent: no other run may. */
  readonly fits?: ((record: RunRecord) => boolean) | undefined
  /** The record to create; asked for only when one is. */
  readonly record: (id: string) => RunRecord
}

/** Maximum number of lost races in a row, before the store counts as unavailable. */
const MAX_RACES = 64

/** Maximum number of slots of one run. The run lists them, since it renews their pointers. */
const MAX_SLOTS = 100

/** Returns the run of this slot, if it has one. */
export async function findRun(runStore: RunStore, slotKey: string): Promise<Entry | undefined> {
  const pointer = await runStore.pointers.read(slotKey)
  if (pointer === undefined) return undefined
  const entry = await runStore.read(pointer.id)
  if (entry === undefined || entry.record.slots.includes(slotKey)) return entry
  // The process that set the pointer died before the run listed the slot. The pointer may be older than the run.
  await runStore.pointers.set(slotKey, entry.record, pointer.version)
  return listed(runStore, entry, slotKey)
}

/**
 * Returns the run of this slot: found by its slot, else adopted, else created (A1).
 *
 * The slot's pointer decides. It is written once by put-if-absent, and moves only before its run starts, to a run whose
 * result it gets ({@link joinRun}): one slot and raw input have one record, through races and crashes. It is written
 * before the record is created or lists the slot, so that the next caller can complete a half-made pair. A run that was
 * open when this call read it is adopted, even if another slot uses it at the same moment.
 */
export async function findOrCreateRun(runStore: RunStore, draft: RunDraft): Promise<Entry> {
  const pointer = await runStore.pointers.read(draft.slotKey)
  const wanted = pointer?.id ?? (draft.fits && (await openRun(runStore, draft, draft.fits))) ?? crypto.randomUUID()
  // Written again if it exists: it may date from a process that died before it created the run.
  const id = await runStore.pointers.set(draft.slotKey, draft.record(wanted), pointer?.version ?? null)
  return complete(runStore, id, draft)
}

/** Equal runs whose body started, and of whose result no caller knows. */
export interface StartedRuns {
  /** Their outcome is unknown (A13), unless their owner's word counts: see `doubtSince`. */
  readonly inDoubt: readonly Entry[]
  /** A process runs it, or died less than a lease ago. */
  readonly running: readonly Entry[]
  /** They completed, and their callers had left. */
  readonly undelivered: readonly Entry[]
}

/** Runs of an equal call that have started, but for one. */
export async function startedRuns(runStore: RunStore, binding: string, except?: string): Promise<StartedRuns> {
  const entries: Entry[] = []
  for (const entry of await runStore.all(runIndex.started(binding))) {
    if (entry.record.id !== except) entries.push(await recordCrash(runStore, entry))
  }
  return {
    inDoubt: entries.filter(({ record }) => doubtSince(record) !== undefined),
    running: entries.filter(({ record }) => stateOf(record) === 'running'),
    undelivered: entries.filter(({ record }) => undeliveredSince(record) !== undefined),
  }
}

/**
 * Lets a slot that started no run have the result of an equal run, which no caller has got.
 *
 * @param own - The run that the slot has now, if it has one.
 * @returns `undefined` if the result was delivered meanwhile, or the slot has another run by now.
 */
export async function joinRun(
  runStore: RunStore,
  entry: Entry,
  slotKey: string,
  own: RunRecord | undefined,
): Promise<Entry | undefined> {
  const { pointers } = runStore
  const pointer = await pointers.read(slotKey)
  if (pointer?.id !== own?.id) return undefined
  // Listed first: if this process dies before it sets the pointer, the result is not delivered, and is joined again.
  const joined = await runStore.update(entry, (record) =>
    undeliveredSince(record) === undefined || !hasRoom(record) ? undefined : withSlot(record, slotKey),
  )
  const { record } = joined
  if (undeliveredSince(record) === undefined || !record.slots.includes(slotKey)) return undefined
  return (await pointers.set(slotKey, record, pointer?.version ?? null)) === record.id ? joined : undefined
}

/** Records that a slot of a run was not told its result, because the run was under way: the next equal call gets it. */
export async function keepForLater(runStore: RunStore, id: string): Promise<void> {
  const entry = await runStore.read(id)
  if (entry === undefined) return
  const since = await runStore.storeNow()
  await runStore.update(entry, (record) =>
    ['running', 'completed'].includes(stateOf(record)) ? undelivered(record, since) : undefined,
  )
}

/** @param since - When its caller left. Without a result that the next equal call could get, the run is in doubt. */
export const undelivered = (record: RunRecord, since: number | undefined): RunRecord =>
  since !== undefined && record.end?.how === 'completed' && record.end.result.kind === 'not_storable'
    ? doubted(record, since)
    : { ...record, attempt: record.attempt && { ...record.attempt, undeliveredSince: since } }

/** Records that a run whose lease ended without a result has crashed. */
export async function recordCrash(runStore: RunStore, entry: Entry): Promise<Entry> {
  // Stryker disable next-line ConditionalExpression: Only saves reading the lease: the change below leaves every other state unchanged.
  if (stateOf(entry.record) !== 'running' || (await runStore.isLeased(runLease(entry.record.id)))) return entry
  const since = await runStore.storeNow()
  // The run may have ended and released its lease since it was read. Then this swap fails, and the record is read
  // again.
  return runStore.update(entry, (record) => {
    const { attempt } = record
    if (stateOf(record) !== 'running' || attempt?.runner !== entry.record.attempt?.runner) return undefined
    return { ...record, attempt: { ...(attempt as Attempt), outcome: { kind: 'in_doubt', since } } }
  })
}

export const runLease = (id: string): string => `lease:${id}`

/** Returns the id of the open run for this binding: of one that can be shared, else of a new one. */
async function openRun(runStore: RunStore, draft: RunDraft, fits: NonNullable<RunDraft['fits']>): Promise<string> {
  // The key includes the caller: a run that is about to be written may be adopted before it can be read.
  const openKey = `open:${await runStore.hash(draft.binding + starterOf(draft.record('')))}`
  for (let race = 0; race < MAX_RACES; race++) {
    const open = await runStore.pointers.read(openKey)
    if (open !== undefined) {
      const entry = await runStore.read(open.id)
      // Its maker is about to write it, or died before.
      if (entry === undefined) return open.id
      if (isAdoptable(entry.record, await runStore.timeFor(entry.record)) && fits(entry.record)) return open.id
    }
    const id = crypto.randomUUID()
    if ((await runStore.pointers.set(openKey, draft.record(id), open?.version ?? null)) === id) return id
  }
  throw new StoreError('unavailable', 'a run is being created by too many writers at once')
}

/** Returns whether a run is open, or approved and unused, and not expired. A consumed run is never adopted. */
function isAdoptable(record: RunRecord, now: number): boolean {
  if (record.perCall || !hasRoom(record)) return false
  if (stateOf(record) === 'approved') return inTime(approvalOf(record)?.usableUntil, now)
  return isUnanswered(record) && inTime(record.question?.expiresAt, now)
}

/** Reads the record that a pointer names, or makes the one whose maker died between two writes; it lists the slot. */
async function complete(runStore: RunStore, id: string, draft: RunDraft): Promise<Entry> {
  const { slotKey } = draft
  for (let race = 0; race < MAX_RACES; race++) {
    const entry = (await runStore.read(id)) ?? (await runStore.create(draft.record(id)))
    if (entry === undefined) continue
    return listed(runStore, entry, slotKey)
  }
  throw new StoreError('unavailable', 'a run could not be made')
}

/** Adds a slot to a run, which extends the slot's retention (A12). */
function listed(runStore: RunStore, entry: Entry, slotKey: string): Promise<Entry> {
  return runStore.update(entry, (record) => withSlot(record, slotKey))
}

/** @returns `undefined` if the run lists the slot already. */
const withSlot = (record: RunRecord, slotKey: string): RunRecord | undefined =>
  record.slots.includes(slotKey) ? undefined : { ...record, slots: [...record.slots, slotKey] }

const hasRoom = (record: RunRecord): boolean => record.slots.length < MAX_SLOTS

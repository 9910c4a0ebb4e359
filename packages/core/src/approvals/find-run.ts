import { StoreError } from '../errors/index.ts'
import type { Entry, Ledger } from './ledger.ts'
import type { RunRecord } from './record.ts'

/** What is needed to find a run, or to make it. */
export interface RunDraft {
  readonly binding: string
  /** From `slotKey`. */
  readonly slotKey: string
  /** May a run that another slot opened serve this one? False for runs without a question, and `perCall`. */
  readonly adoptable: boolean
  /** The record to create; asked for only when one is. */
  readonly record: (id: string) => RunRecord
}

/** The run of this slot, found without changing anything. */
export async function findRun(ledger: Ledger, slotKey: string): Promise<Entry | undefined> {
  const pointer = await ledger.pointer(slotKey)
  return pointer && ledger.read(pointer.id)
}

/**
 * The run of this slot: found by its slot, else adopted, else created (A1).
 *
 * Of any number of callers, in any number of processes, one creates. There is no transaction over
 * several keys; the put-if-absent of the first pointer is the point of creation, and whoever finds a
 * half-made set completes it: equal bindings make equal records.
 */
export async function findOrCreateRun(ledger: Ledger, draft: RunDraft): Promise<Entry> {
  const found = await findRun(ledger, draft.slotKey)
  if (found !== undefined) return found
  const stuck = await crashedTwin(ledger, draft)
  if (stuck !== undefined) return stuck
  return draft.adoptable ? adoptOrCreate(ledger, draft) : createForSlot(ledger, draft)
}

/** While an equal run has crashed and nobody said what became of it, none is begun (A5). */
async function crashedTwin(ledger: Ledger, draft: RunDraft): Promise<Entry | undefined> {
  for (const entry of await ledger.unsettled(draft.binding)) {
    const current = await noteCrash(ledger, entry)
    if (current.record.state === 'crashed')
      return current.record.onCrash === 'report' ? current : join(ledger, current, draft)
  }
  return undefined
}

/** `onCrash: 'retry'`: the crashed run is tried again under this slot too, with its own key and its own approval. */
async function join(ledger: Ledger, entry: Entry, draft: RunDraft): Promise<Entry> {
  const joined = await ledger.update(entry, (record) =>
    record.slots.includes(draft.slotKey) ? undefined : { ...record, slots: [...record.slots, draft.slotKey] },
  )
  await ledger.point(draft.slotKey, joined.record.id, null, ledger.keepUntil(joined.record))
  return joined
}

/** A run whose lease ended without a result has crashed. */
export async function noteCrash(ledger: Ledger, entry: Entry): Promise<Entry> {
  if (entry.record.state !== 'running' || (await ledger.isLeased(runLease(entry.record.id)))) return entry
  // It may have ended, and let go of its lease, since it was read: then this swap fails and looks again.
  return ledger.update(entry, (record) => (record.state === 'running' ? { ...record, state: 'crashed' } : undefined))
}

export const runLease = (id: string): string => `lease:${id}`

async function createForSlot(ledger: Ledger, draft: RunDraft): Promise<Entry> {
  const id = crypto.randomUUID()
  const made = draft.record(id)
  const first = await ledger.point(draft.slotKey, id, null, ledger.keepUntil(made))
  const winner = first ? id : (await ledger.pointer(draft.slotKey))?.id
  return winner === undefined ? createForSlot(ledger, draft) : complete(ledger, winner, draft)
}

/** Lost races in a row, before the store counts as unavailable. */
const MAX_RACES = 64

async function adoptOrCreate(ledger: Ledger, draft: RunDraft): Promise<Entry> {
  const openKey = `open:${draft.binding}`
  for (let race = 0; race < MAX_RACES; race++) {
    const open = await ledger.pointer(openKey)
    const adopted = open && (await adopt(ledger, await complete(ledger, open.id, draft), draft))
    if (adopted !== undefined) return adopted
    const id = crypto.randomUUID()
    const keepUntil = ledger.keepUntil(draft.record(id))
    if (await ledger.point(openKey, id, open?.version ?? null, keepUntil)) {
      const created = await adopt(ledger, await complete(ledger, id, draft), draft)
      if (created !== undefined) return created
    }
  }
  throw new StoreError('unavailable', 'a run is being created by too many writers at once')
}

/** Reads the record that a pointer names, or makes the one whose maker died between two writes. */
async function complete(ledger: Ledger, id: string, draft: RunDraft): Promise<Entry> {
  for (;;) {
    const entry = (await ledger.read(id)) ?? (await ledger.create(draft.record(id)))
    if (entry !== undefined) return entry
  }
}

/** Open, or approved and unused, and not past its time. A consumed run is never adopted. */
function isAdoptable(record: RunRecord, now: number): boolean {
  if (record.perCall) return false
  if (record.state === 'approved') return record.usableUntil === undefined || now < record.usableUntil
  const open = record.state === 'requested' || record.state === 'pending'
  return open && (record.question === undefined || now < record.question.expiresAt)
}

/** Makes this slot part of a record, or finds that it is; `undefined` when the record takes no slot any more. */
async function adopt(ledger: Ledger, entry: Entry, draft: RunDraft): Promise<Entry | undefined> {
  const now = ledger.now()
  const adopted = await ledger.update(entry, (record) =>
    !record.slots.includes(draft.slotKey) && isAdoptable(record, now)
      ? { ...record, slots: [...record.slots, draft.slotKey] }
      : undefined,
  )
  // Somebody consumed it in the meantime: this slot is not part of it.
  if (!adopted.record.slots.includes(draft.slotKey)) return undefined
  await ledger.point(draft.slotKey, adopted.record.id, null, ledger.keepUntil(adopted.record))
  return adopted
}

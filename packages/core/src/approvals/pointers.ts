import { StoreError } from '../errors/index.ts'
import type { Sealer } from '../lib/index.ts'
import type { Store } from '../ports/index.ts'
import { isOutage } from './lease.ts'
import type { RunRecord } from './record.ts'

/** Names are kept on with each new state, from so long after the run was created; they last as much longer. Seconds. */
export const NAMED_LONG_AGO_SECONDS = 24 * 3600

/** Lost compare-and-swaps in a row, before the store counts as unavailable. */
export const MAX_CONFLICTS = 256

/** Lost answers in a row, before the store counts as unavailable. */
export const MAX_LOST_ANSWERS = 2

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What leads to a record: `slot:` from a call, `open:` from equal ones. Sealed, and changed by compare-and-swap only. */
export class Pointers {
  readonly #store: Store
  readonly #sealer: Sealer
  readonly #endOf: (record: RunRecord) => number

  /** @param endOf - Until when what points to a record is kept. Epoch seconds. */
  constructor(store: Store, sealer: Sealer, endOf: (record: RunRecord) => number) {
    this.#store = store
    this.#sealer = sealer
    this.#endOf = endOf
  }

  async read(key: string): Promise<{ readonly id: string; readonly version: string } | undefined> {
    const found = await this.#store.get(key)
    return found && { id: decoder.decode(await this.#sealer.open(key, found.value)), version: found.version }
  }

  /**
   * Sets a pointer where it is absent (`null`) or as it was read. Where another writer was faster, its word holds.
   *
   * @returns the id that the pointer has now.
   */
  async set(key: string, id: string, ifVersion: string | null, record: RunRecord): Promise<string> {
    const value = await this.#sealer.seal(key, encoder.encode(id))
    let expected = ifVersion
    for (let attempt = 0, lost = 0; attempt < MAX_CONFLICTS; attempt++) {
      try {
        const put = await this.#store.put(key, value, { ifVersion: expected, expiresAt: this.#endOf(record) })
        if (put !== 'conflict') return id
      } catch (error) {
        if (!isOutage(error) || ++lost > MAX_LOST_ANSWERS) throw error
      }
      const now = await this.read(key)
      if (now !== undefined && now.version !== expected) return now.id
      // The pointer has expired meanwhile.
      if (now === undefined) expected = null
    }
    throw new StoreError('unavailable', 'too many writers change a pointer at once')
  }

  /** Lets the slots of a run that was created long ago find it for as long as it is kept (A12). Epoch seconds. */
  async keep(record: RunRecord, now: number): Promise<void> {
    if (now - record.createdAt <= NAMED_LONG_AGO_SECONDS) return
    for (const key of record.slots) {
      const found = await this.read(key)
      // Another run has the slot by now.
      if (found !== undefined && found.id !== record.id) continue
      await this.set(key, record.id, found?.version ?? null, record)
    }
  }
}

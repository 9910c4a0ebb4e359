import * as z from 'zod/mini'
import { Collection, type OpenedStore } from '../records/index.ts'
import type { RunRecord } from './record.ts'

/** Age of a run, in seconds, from which each new state renews its names. They then last for the same time again. */
export const NAMED_LONG_AGO_SECONDS = 24 * 3600

const pointer = z.strictObject({ v: z.literal(1), id: z.string(), keptFor: z.number() })
type Pointer = z.infer<typeof pointer>

/** Pointers to a run: `slot:` from a call, `open:` from equal calls. */
export class Pointers {
  readonly #pointers: Collection<Pointer>
  readonly #keptFor: (record: RunRecord) => number

  /** @param keptFor - Returns how long a pointer to a record is kept, in seconds. */
  constructor(opened: OpenedStore, keptFor: (record: RunRecord) => number) {
    const ends = ({ keptFor }: Pointer) => ({ expiresInSeconds: keptFor })
    this.#pointers = new Collection<Pointer>(opened, { kind: 'pointer', schema: pointer, ends })
    this.#keptFor = keptFor
  }

  async read(key: string): Promise<{ readonly id: string; readonly version: string } | undefined> {
    const found = await this.#pointers.get(key)
    return found && { id: found.record.id, version: found.version }
  }

  /**
   * Sets a pointer if it is absent (`null`) or unchanged since it was read. If another writer was faster, its value
   * stays.
   *
   * @returns the id that the pointer has now.
   */
  async set(key: string, record: RunRecord, ifVersion: string | null): Promise<string> {
    const value = this.#to(record)
    const { id, owner } = record
    if ((await this.#pointers.put(key, value, { ifVersion, owner })) !== 'conflict') return id
    // A pointer that has expired meanwhile is set again.
    const now = await this.#pointers.change(key, (found) => (found === undefined ? value : undefined), { owner })
    return now?.record.id ?? id
  }

  /**
   * Renews the slot pointers of a run that was created long ago, so that they find it as long as it is kept (A12).
   * Epoch seconds.
   */
  async keep(record: RunRecord, now: number): Promise<void> {
    // The clock of the process that made it may have been ahead.
    if (Math.abs(now - record.createdAt) <= NAMED_LONG_AGO_SECONDS) return
    const value = this.#to(record)
    // Another run may have the slot by now.
    for (const key of record.slots)
      await this.#pointers.change(key, (found = value) => (found.id === value.id ? value : undefined))
  }

  #to(record: RunRecord): Pointer {
    return { v: 1, id: record.id, keptFor: this.#keptFor(record) }
  }
}

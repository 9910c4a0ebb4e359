import type * as z from 'zod/mini'
import type { Owner } from '../base/contract/index.ts'
import type { StoreError } from '../base/errors/index.ts'
import type { PutOptions } from '../base/ports.ts'

/** Name of a record or an index. The store gets a keyed hash of it, which reveals nothing. */
export type Name = readonly (string | number | null | undefined)[]

/** Rules for the records of a collection. Each is computed from the record, so a re-seal restores it. */
export interface CollectionOptions<Value> {
  /** Prefix of every key, so that records of different kinds never share a key. */
  readonly kind: string
  /** Schema of a record. A value that does not match exactly is refused, never guessed at. */
  readonly schema: z.ZodMiniType
  /** The names under which `under` finds it. */
  readonly index?: (value: Value) => readonly Name[]
  /** Returns the time at which the record expires. Absent: never. */
  readonly ends?: (value: Value) => Pick<PutOptions, 'expiresAt' | 'expiresInSeconds'>
  /** Returns the time from which `claimDue` finds the record. */
  readonly due?: (value: Value) => PutOptions['due']
  /** Whether `reseal` includes these records: those that outlive a seal key. @default false */
  readonly outlivesKeys?: boolean
}

/** A stored record, with the version to swap it by. */
export interface Stored<Value> {
  readonly key: string
  readonly record: Value
  readonly version: string
}

/** A record that does not open: it can be replaced or deleted, and nothing else. */
export interface Unreadable {
  readonly key: string
  readonly version: string
  readonly unreadable: StoreError
}

/** Called with the key of a record that cannot be opened. */
export type OnUnreadable = (key: string) => void

export interface WalkOptions {
  /** Returns only records after this key. */
  readonly after?: string | undefined
  /** Absent: a record that does not open ends the walk with its error. */
  readonly onUnreadable?: OnUnreadable | undefined
}

export interface WriteOptions {
  /** `null`: only if the record is absent. A version: only if the stored one is equal. */
  readonly ifVersion: string | null
  /** User or agent for whom a new record is kept: they fill their own share of a store. */
  readonly owner?: Owner | undefined
}

/** Result of sealing all records under the current key. */
export interface Resealed {
  /** Number of records that were sealed now. */
  readonly resealed: number
  /**
   * Store keys of records that cannot be opened: damaged, moved, or sealed under a key that is not listed. They are
   * unchanged. While there are any, keep the old key, or have their users connect or agree again.
   */
  readonly unreadable: readonly string[]
}

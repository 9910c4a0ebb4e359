import type * as z from 'zod/mini'
import type { PutOptions } from '../ports/index.ts'

/** What names a record or an index. The store gets a keyed hash of it, which tells nothing. */
export type Name = readonly (string | number | null | undefined)[]

/** What a collection must know of its records. All of it is computed from the record, so that a re-seal restores it. */
export interface CollectionOptions<Value> {
  /** Begins every key, so that kinds do not meet. */
  readonly kind: string
  /** What a record must be. What is not exactly so is refused, never guessed at. */
  readonly schema: z.ZodMiniType
  /** The names under which `under` finds it. */
  readonly index?: (value: Value) => readonly Name[]
  /** When it is gone by itself. Absent: never. */
  readonly ends?: (value: Value) => Pick<PutOptions, 'expiresAt' | 'expiresInSeconds'>
  /** When `claimDue` finds it. */
  readonly due?: (value: Value) => PutOptions['due']
  /** Whether `reseal` goes over these records: those that outlive a seal key. @default false */
  readonly outlivesKeys?: boolean
}

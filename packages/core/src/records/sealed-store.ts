import * as z from 'zod/mini'
import type { Store } from '../base/ports.ts'
import { copyOf, refuseUnknownKeys, requireText } from '../base/values/index.ts'
import { Collection, openStoreKeys, type StoreKeys } from './index.ts'

/** Options of {@link sealedStore}. */
export interface SealedStoreOptions {
  /** Store that keeps the sealed values. */
  readonly store: Store
  /** 32 random bytes each. A durable store needs them. @default random keys of this process, for a memory store */
  readonly keys?: StoreKeys | undefined
  /** Kind of the values. It begins every name, so that kinds do not collide. */
  readonly kind: string
}

/** Stored value. The reader must check its form. */
export interface SealedValue {
  /** Opened value. */
  readonly value: unknown
  /** Opaque; changes with every write. */
  readonly version: string
}

/** Time at which a value expires, by the store's clock. */
export interface SealedPutOptions {
  /** `null`: only if absent. A version: only if the stored one is equal. */
  readonly ifVersion: string | null
  /** Seconds until the value expires, counted by the store. Absent: it does not expire. */
  readonly expiresInSeconds?: number | undefined
}

const sealedRecord = z.object({ v: z.literal(1), value: z.unknown(), expiresInSeconds: z.optional(z.number()) })
type SealedRecord = z.infer<typeof sealedRecord>

/** Stores secrets of an app or an adapter: sealed, under names that reveal nothing. */
export interface SealedStore {
  /** Returns the opened value and its version. Undefined if it is absent or has expired. */
  get(name: readonly string[]): Promise<SealedValue | undefined>
  /**
   * Encrypts and stores a value.
   *
   * @returns the new version, or `'conflict'`: nothing was written.
   */
  put(name: readonly string[], value: unknown, options: SealedPutOptions): Promise<string | 'conflict'>
  /** Deletes the value. `'conflict'`: the version differs, and nothing was deleted. */
  delete(name: readonly string[], options: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'>
  /**
   * Runs `work` alone among the processes that share the store: waits while another caller runs it.
   * The lease expires after `seconds`, so `work` must end by then.
   */
  alone<Result>(
    name: readonly string[],
    options: { readonly seconds: number; readonly signal: AbortSignal },
    work: () => Promise<Result>,
  ): Promise<Result>
}

/**
 * Keeps JSON values in a Store, encrypted and authenticated under the app's keys, and bound to their names.
 *
 * @throws ConfigurationError A durable store without keys, or invalid keys.
 */
export function sealedStore(options: SealedStoreOptions): SealedStore {
  refuseUnknownKeys('sealedStore', options, ['store', 'keys', 'kind'])
  const { store, keys } = options
  const kind = requireText('sealedStore.kind', options.kind)
  const records = new Collection<SealedRecord>(openStoreKeys(store, keys, 'sealedStore'), {
    kind,
    schema: sealedRecord,
    ends: ({ expiresInSeconds }) => (expiresInSeconds === undefined ? {} : { expiresInSeconds }),
  })
  return {
    async get(name) {
      const found = await records.get(await records.keyOf(...name))
      return found && { value: found.record.value, version: found.version }
    },
    async put(name, value, { ifVersion, expiresInSeconds }) {
      const record = {
        v: 1,
        value: copyOf(value),
        ...(expiresInSeconds !== undefined && { expiresInSeconds }),
      } as const
      return records.put(await records.keyOf(...name), record, { ifVersion })
    },
    delete: async (name, { ifVersion }) => records.delete({ key: await records.keyOf(...name), version: ifVersion }),
    alone: async (name, { seconds, signal }, work) =>
      records.alone(await records.keyOf(...name), { seconds, signal }, work),
  }
}

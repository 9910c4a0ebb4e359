/** A stored value and the version to compare and swap it by. */
export interface Versioned {
  readonly key: string
  readonly value: Uint8Array
  /** Opaque; changes with every write. */
  readonly version: string
}

export interface PutOptions {
  /** `null`: only if the key is absent. A version: only if the stored one is equal. */
  readonly ifVersion: string | null
  /** Epoch seconds, by the store's clock; from then on the key is absent. */
  readonly expiresAt?: number
  /**
   * The same as a time from now, in seconds, counted by the store: leases must not depend on the clock of
   * whoever takes them. Not together with `expiresAt`.
   */
  readonly expiresInSeconds?: number
  /** Puts the key into a queue for `claimDue`, from `at` (epoch seconds). Absent: in no queue. */
  readonly due?: { readonly queue: string; readonly at: number }
  /** The index names under which `list` finds the key. Replaces those of the last write. */
  readonly index?: readonly string[]
}

/**
 * Where records live. Bytes in, bytes out: a store gets no key and needs to understand nothing.
 *
 * Every method rejects with a `StoreError` when the store cannot be reached; nothing is guessed.
 * `describeStore` of `@behalf/testing/contract` is the definition in tests.
 */
export interface Store {
  readonly specificationVersion: 1
  /** Outlives the process, or is shared between processes. Such a store needs `keys` in `createGuard`. */
  readonly durable: boolean
  get(key: string): Promise<Versioned | undefined>
  /** @returns the new version, or `'conflict'` when `ifVersion` did not hold: nothing was written. */
  put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'>
  /** Deleting an absent key is `'deleted'` without `ifVersion`, and `'conflict'` with it. */
  delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'>
  /**
   * Takes due keys of a queue for `leaseSeconds`: nobody else gets them before the lease ends.
   * The returned version is the claim: a `put` or `delete` with it renews or releases.
   */
  claimDue(
    queue: string,
    options: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]>
  /** Keys under an index, in key order, strictly after `after`. */
  list(index: string, options: { readonly after?: string; readonly limit: number }): Promise<readonly Versioned[]>
  /** Counts within a window that begins with the first count. @returns the new total */
  increment(key: string, options: { readonly windowSeconds: number }): Promise<number>
}

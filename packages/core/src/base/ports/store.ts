/** A stored value and the version to compare and swap it by. */
export interface Versioned {
  /** Key under which the value is stored. */
  readonly key: string
  /** Stored bytes. */
  readonly value: Uint8Array
  /** Opaque; changes with every write. */
  readonly version: string
}

/** Condition, lifetime, queue and indexes of one {@link Store.put}. */
export interface PutOptions {
  /** `null`: only if the key is absent. A version: only if the stored one is equal. */
  readonly ifVersion: string | null
  /**
   * Time at which the key expires, in epoch seconds by the store's clock. From then on, the key is absent, and a later
   * write removes it.
   */
  readonly expiresAt?: number
  /**
   * The same as a time from now, in seconds, counted by the store: leases must not depend on the clock of the process
   * that takes them. Not together with `expiresAt`.
   */
  readonly expiresInSeconds?: number
  /**
   * Puts the key into a queue for `claimDue`. It becomes due after this number of seconds, counted by the store.
   * Absent: in no queue.
   */
  readonly due?: { readonly queue: string; readonly inSeconds: number }
  /** The index names under which `list` finds the key. Replaces those of the last write. */
  readonly index?: readonly string[]
  /**
   * The same text for all keys that belong to one user. A store with a size limit refuses new keys of the owner who
   * fills it, and not those of others. A store without a limit ignores it.
   */
  readonly owner?: string
}

/**
 * Stores records. It takes and returns bytes: it gets no key, and need not understand the values.
 *
 * Every method rejects with a `StoreError`, within a bounded time, if the store cannot be reached; it never guesses. A
 * store classifies its own faults: any other error counts as `unclassified`, and ends a call as `unavailable` without
 * the promise that a retry helps. A write that rejects as `unavailable` may have taken effect. An identical retry can
 * then meet its own record as a `'conflict'`: read the key first, and compare the value. After a lost claim, the entry
 * becomes due again when its lease ends. A count may be one too high, never too low.
 *
 * Times are those of the store's clock, whatever the caller's clock says. Names (keys, queues, indexes) are any
 * well-formed Unicode, ordered by code point.
 *
 * The tests of `describeStore` in `@behalf/testing/contract` define this contract.
 */
export interface Store {
  /** Version of this port that the store implements. */
  readonly specificationVersion: 2
  /**
   * True if the records outlive the process, or several processes share them. Such a store needs `keys` in
   * `createGuard`.
   */
  readonly durable: boolean
  /** Returns the time of the store's clock, in epoch seconds. All processes that share the store get the same time. */
  now(): Promise<number>
  /** Returns the value and its version. Undefined if the key is absent or has expired. */
  get(key: string): Promise<Versioned | undefined>
  /**
   * Replaces the value and everything that the options set, in one step.
   * @returns the new version, or `'conflict'` when `ifVersion` did not hold: nothing was written.
   * @throws {@link ConfigurationError} A time that is no finite number, or a name that is not well-formed.
   */
  put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'>
  /** Deleting an absent key is `'deleted'` without `ifVersion`, and `'conflict'` with it. */
  delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'>
  /**
   * Takes due keys of a queue for `leaseSeconds`: no other caller gets them before the lease ends.
   * The returned version is the claim: a `put` or `delete` with it renews or releases.
   */
  claimDue(
    queue: string,
    options: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]>
  /**
   * Returns keys under an index, in key order, strictly after `after`. A reader of all pages gets a key that exists all
   * the time exactly once, whatever else is written.
   */
  list(index: string, options: { readonly after?: string; readonly limit: number }): Promise<readonly Versioned[]>
  /** Counts within a window that begins with the first count. @returns the new total */
  increment(key: string, options: { readonly windowSeconds: number }): Promise<number>
}

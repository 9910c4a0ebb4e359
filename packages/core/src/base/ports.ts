import type { AuditEvent } from './contract/index.ts'

/**
 * Receives audit events.
 *
 * A sink that throws or rejects neither stops nor changes a call. The exception is a guard whose audit is `required`:
 * then the call is `unavailable` before its body runs.
 */
export interface AuditSink {
  /** Receives one event, without tokens. */
  write(event: AuditEvent): void | Promise<void>
}

/** The time, as a port: tests and replays set their own. */
export interface Clock {
  /** Returns the time, in epoch milliseconds. */
  now(): number
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Difference of clocks that tokens and records tolerate, in seconds. Also a normal correction of a clock. */
export const TOLERANCE_SECONDS = 30

/**
 * Returns whether the clock was set back since a value was stored in memory: then its age is unknown. So a value that
 * may be used for a time is used for at most twice that time.
 * @param now - Epoch milliseconds.
 */
export const isSetBack = (now: number, storedAt: number): boolean => now < storedAt - TOLERANCE_SECONDS * 1000

/**
 * Returns whether a value that was stored in memory may still be used for `seconds` from then. `now`: epoch
 * milliseconds.
 */
export const isRecent = (now: number, storedAt: number, seconds: number): boolean =>
  now < storedAt + seconds * 1000 && !isSetBack(now, storedAt)

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

/** Tells the app something, without waiting. An error that its function throws or rejects with is dropped, and changes nothing. */
export function tellApp(tell: () => unknown): void {
  try {
    const told = tell() as PromiseLike<unknown> | null | undefined
    // Not `instanceof`: a promise may be of another realm.
    if (typeof told?.then === 'function') told.then(undefined, () => {})
  } catch {}
}

/** Function that sends every request. The default is the global `fetch`; give your own for proxies, mTLS or tests. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

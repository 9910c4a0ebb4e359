/** A subject of measurement, and its peer. */
export interface Comparison {
  /** One call. May be asynchronous; then the peer is awaited as well. */
  readonly run: () => unknown
  /** Measured alternately with `run`, in the same process, so that changes of the machine's load affect both. */
  readonly peer: { readonly name: string; readonly run: () => unknown }
  /** Number of asynchronous calls that are under way at once. @default [1] */
  readonly concurrency?: readonly number[]
  /** Maximum cost of `run` over its peer, in microseconds a call. Shown beside the result; nothing fails. */
  readonly mostOverPeer?: number
  /** Maximum ratio of the times of `run` and its peer. */
  readonly mostRatio?: number
  /** Reason why it stays, if some machine exceeds the limit. */
  readonly missed?: string
}

export interface Bench extends Comparison {
  readonly name: string
}

const registered: Bench[] = []

/**
 * Registers a comparison. For `packages/<name>/bench/<subject>.bench.ts`, which `npm run bench` finds.
 *
 * It is own code, since mitata and tinybench measure one candidate completely and then the next. On a shared machine,
 * their ratio compares two moments and not two functions.
 */
export function bench(name: string, comparison: Comparison): void {
  registered.push({ name, ...comparison })
}

/** Returns the comparisons that were registered since the last call. */
export const takeRegistered = (): readonly Bench[] => registered.splice(0)

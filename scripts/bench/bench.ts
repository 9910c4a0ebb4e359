/** Something to measure, and what to measure it against. */
export interface Comparison {
  /** One call. May be asynchronous; then the peer is awaited as well. */
  readonly run: () => unknown
  /** Measured in turn with `run`, in the same process, so that the machine's moods hit both. */
  readonly peer: { readonly name: string; readonly run: () => unknown }
  /** How many asynchronous calls are under way at once. @default [1] */
  readonly concurrency?: readonly number[]
  /** What `run` may cost over its peer, microseconds a call. Told beside the result; nothing fails. */
  readonly mostOverPeer?: number
  /** How many times the peer's time `run` may take. */
  readonly mostRatio?: number
  /** Why it stays, where the bar is missed on some machine. */
  readonly missed?: string
}

export interface Bench extends Comparison {
  readonly name: string
}

const registered: Bench[] = []

/**
 * Registers a comparison. For `packages/<name>/bench/<subject>.bench.ts`, which `npm run bench` finds.
 *
 * Own code, since the libraries at hand (mitata, tinybench) measure one candidate to its end and then
 * the next: on a shared machine their ratio is that of two moments, and not of two functions.
 */
export function bench(name: string, comparison: Comparison): void {
  registered.push({ name, ...comparison })
}

/** Everything registered since the last call. */
export const takeRegistered = (): readonly Bench[] => registered.splice(0)

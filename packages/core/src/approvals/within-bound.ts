import { withinDeadline } from '../authorization-server/index.ts'

/** A channel may long-poll for 30 s (CIBA Core §10.1); one that says nothing for longer is given up. Seconds. */
const CHANNEL_SECONDS = 60

/**
 * Asks a channel, for a bounded time, whatever it does with its signal.
 *
 * The caller's own abort does not reach it: a request that was sent counts, and dropping its answer would ask
 * the person again, or lose what they said.
 *
 * @throws TransportError The bound was reached; what came of the request is not known.
 */
export function withinBound<Result>(ask: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  // `async`, so that a channel that throws at once rejects as one that throws later.
  return withinDeadline({ timeoutMs: CHANNEL_SECONDS * 1000 }, async (signal) => ask(signal))
}

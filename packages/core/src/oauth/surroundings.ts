import { ConfigurationError } from '../base/errors/index.ts'
import { type Clock, type Fetch, systemClock } from '../base/ports.ts'
import { aClock, checkValues, kinds, namesOf } from '../base/values/index.ts'
import type { Surroundings } from './server.ts'

const DEFAULT_TIMEOUT_MS = 10_000

// Read at each request, so that a mock or a proxy that is set up later is used. One function, so that all code with the
// default shares discovery and keys.
const globalFetch: Fetch = (input, init) => fetch(input, init)

/** Options for the network and the clock. */
export interface SurroundingsOptions {
  /** Sends every request. @default the global fetch */
  readonly fetch?: Fetch | undefined
  /** Clock for lifetimes and time-outs. @default the system's clock */
  readonly clock?: Clock | undefined
  /** Total time of one request, retries included, in milliseconds. Below 2^31. @default 10_000 */
  readonly timeoutMs?: number | undefined
}

/** Names of {@link SurroundingsOptions}, for the options that extend them. */
export const surroundingKeys = namesOf<SurroundingsOptions>('fetch', 'clock', 'timeoutMs')

/**
 * Fills in the defaults: global `fetch`, system clock, 10 s.
 *
 * @throws ConfigurationError An option has the wrong type.
 */
export function surroundingsOf(where: string, options: SurroundingsOptions): Surroundings {
  const { fetch: given = globalFetch, clock = systemClock, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  checkValues(`${where}.`, options, { fetch: kinds.function, clock: aClock })
  // A timer of more than 31 bits fires at once.
  if (!(Number.isSafeInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new ConfigurationError(`${where}.timeoutMs`, 'give a positive whole number of milliseconds, below 2^31')
  }
  return { fetch: given, clock, timeoutMs }
}

import { Refusal } from '../http/refusal.ts'
import type { ServerContext } from './server-context.ts'
import type { Pace } from './state.ts'

/** Timers may fire this much early, in milliseconds. A poll within this tolerance is not too early. */
const TIMER_SLACK = 100

/** Seconds that each `slow_down` adds (CIBA Core §11, RFC 8628 §3.5). */
const SLOW_DOWN = 5

/**  @throws Refusal `slow_down`: the poll was too early, or a test wants one. */
export function requirePace(context: ServerContext, pace: Pace): void {
  const now = context.clock.now()
  const early = pace.lastPollAt !== undefined && now - pace.lastPollAt < pace.interval * 1000 - TIMER_SLACK
  pace.lastPollAt = now
  if (!early && !pace.slowDownNext) return
  pace.slowDownNext = false
  pace.interval += SLOW_DOWN
  throw new Refusal('slow_down', `poll every ${pace.interval} seconds`, {
    headers: { 'retry-after': String(pace.interval) },
    members: { interval: pace.interval },
  })
}

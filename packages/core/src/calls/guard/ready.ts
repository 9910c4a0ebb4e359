import { ConfigurationError } from '../../base/errors/index.ts'
import { withinDeadline } from '../../caller/authorization-server/within-deadline.ts'
import type { GuardParts } from './guard-parts.ts'

/** Difference of clocks that tokens and records tolerate. Seconds. */
const SKEW_SECONDS = 30

/** Result of `guard.ready`. */
export interface Readiness {
  /** Difference between this process's clock and the store's, in seconds. Positive: ahead. Negative: behind. */
  readonly clockAheadSeconds: number
  /** Issuer whose metadata was read. Absent if the guard has several: it reads theirs when their tokens arrive. */
  readonly issuer?: string
}

/** Contacts the store and the authorization server, and compares the clocks. */
export function ready({ opened, callers, limits, reporting }: GuardParts): Promise<Readiness> {
  return withinDeadline({ timeoutMs: limits.timeoutMs }, async () => {
    const { sole } = callers.servers
    const [stored] = await Promise.all([opened.store.now(), sole?.endpoints()])
    const clockAheadSeconds = Math.round(reporting.clock.now() / 1000 - stored)
    if (Math.abs(clockAheadSeconds) > SKEW_SECONDS) {
      const which = clockAheadSeconds > 0 ? 'ahead of' : 'behind'
      throw new ConfigurationError(
        'clock',
        `is ${Math.abs(clockAheadSeconds)} s ${which} the store's, and at most ${SKEW_SECONDS} s are tolerated: set both by NTP`,
      )
    }
    return { clockAheadSeconds, ...(sole !== undefined && { issuer: sole.profile.issuer }) }
  })
}

import { ConfigurationError } from '../../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type { GuardParts } from '../guard-parts.ts'

/** Result of `guard.ready`. */
export interface Readiness {
  /** Difference between this process's clock and the store's, in seconds. Positive: ahead. Negative: behind. */
  readonly clockAheadSeconds: number
  /** Issuer whose metadata was read. Absent if the guard has several: it reads theirs when their tokens arrive. */
  readonly issuer?: string
}

/** Contacts the store and the authorization server, and compares the clocks. */
export function ready({ opened, servers, timeoutMs, clock }: GuardParts): Promise<Readiness> {
  return withinDeadline({ timeoutMs }, async () => {
    const { sole } = servers
    const [stored, endpoints] = await Promise.all([opened.store.now(), sole?.endpoints()])
    const now = clock.now() / 1000
    const clockAheadSeconds = Math.round(now - stored)
    refuseSkew(clockAheadSeconds, "store's")
    // Metadata from a cache is older than the issuer's time. So only a clock that is behind is certain.
    refuseSkew(Math.min(0, Math.round(now - (endpoints?.now() ?? 0) / 1000)), "issuer's")
    return { clockAheadSeconds, ...(sole !== undefined && { issuer: sole.profile.issuer }) }
  })
}

function refuseSkew(ahead: number, whose: string): void {
  const seconds = Math.abs(ahead)
  if (!(seconds > TOLERANCE_SECONDS)) return
  throw new ConfigurationError(
    'clock',
    `is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the ${whose}, and at most ${TOLERANCE_SECONDS} s are tolerated: set both by NTP`,
  )
}

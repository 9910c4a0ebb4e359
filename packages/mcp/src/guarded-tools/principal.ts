import type { Identity } from '@behalf/core'
import { principalKey } from '@behalf/core/spi'

/** Returns issuer, subject and client of a caller as one text. A session and a round of a call are bound to it. */
export function principalOf(identity: Identity): string {
  return JSON.stringify([principalKey(identity), identity.clientId ?? null])
}

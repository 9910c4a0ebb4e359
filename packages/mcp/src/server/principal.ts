import type { Identity } from '@behalf/core'
import { principalKey } from '@behalf/core/spi'

/** Issuer, subject and client of a caller, as one text: what a session and a round of a call are bound to. */
export function principalOf(identity: Identity): string {
  return JSON.stringify([principalKey(identity), identity.clientId ?? null])
}

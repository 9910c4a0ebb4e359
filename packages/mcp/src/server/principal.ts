import { type Identity, principalKey } from '@behalf/core'

/** Issuer, subject and client of a caller, as one text: what a session and a round of a call are bound to. */
export function principalOf(identity: Identity): string {
  return JSON.stringify([principalKey(identity), identity.clientId ?? null])
}

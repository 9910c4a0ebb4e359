import type { Identity } from '@behalf/core'

/** Issuer, subject and client of a caller, as one text: what a session and a round of a call are bound to. */
export function principalOf(identity: Identity): string {
  const { kind, issuer, tenant = null, clientId = null } = identity
  return JSON.stringify([kind, issuer, tenant, identity.kind === 'user' ? identity.subject : null, clientId])
}

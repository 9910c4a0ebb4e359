import type { Identity } from '../contract/index.ts'

/** Whose a run is. */
export interface Owner {
  readonly issuer: string
  readonly tenant?: string
  readonly clientId?: string
  /** Absent: the agent itself, with no user. */
  readonly subject?: string
}

export function ownerOf(identity: Identity): Owner {
  const { issuer, tenant, clientId } = identity
  return {
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(clientId !== undefined && { clientId }),
    ...(identity.kind === 'user' && { subject: identity.subject }),
  }
}

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

/** The principal that a run, a no or a question counts for: a user, by whichever client, or one agent by itself. */
export const principalParts = ({ issuer, tenant, clientId, subject }: Owner): readonly (string | null)[] =>
  subject === undefined
    ? [issuer, tenant ?? null, 'agent', clientId ?? null]
    : [issuer, tenant ?? null, 'user', subject]

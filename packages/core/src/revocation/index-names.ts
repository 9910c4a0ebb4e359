import type { Name } from '../lib/index.ts'

interface Whose {
  readonly issuer: string
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
}

/** The index name of what is of a user. Without a tenant: in all tenants. */
export const ownerName = ({ issuer, tenant, subject }: Whose): Name => ['owner', issuer, tenant, subject]

/** The index name of what was made in a session of an issuer's. */
export const sessionName = (issuer: string, session: string): Name => ['session', issuer, session]

/** The index names under which a revocation finds what is of a user and their sessions. It may name the subject alone. */
export function revocableNames(owner: Whose, sessions: readonly string[] = []): readonly Name[] {
  return [
    ownerName(owner),
    ...(owner.tenant === undefined ? [] : [ownerName({ ...owner, tenant: undefined })]),
    ...sessions.map((session) => sessionName(owner.issuer, session)),
  ]
}

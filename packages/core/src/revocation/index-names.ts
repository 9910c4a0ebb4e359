import type { Owner } from '../contract/index.ts'
import type { Name } from '../lib/index.ts'
import type { RevokeOptions } from './revoked.ts'

/** The index name of what is of a user, in all tenants where none is named; or of what was made in a session. */
export const revocableName = ({ issuer, tenant, subject, session }: RevokeOptions): Name =>
  session === undefined ? ['owner', issuer, tenant, subject] : ['session', issuer, session]

/** The index names under which a revocation finds what is of a user and their sessions. It may name the subject alone. */
export function revocableNames({ issuer, tenant, subject }: Owner, sessions: readonly string[] = []): readonly Name[] {
  return [
    revocableName({ issuer, tenant, subject }),
    ...(tenant === undefined ? [] : [revocableName({ issuer, subject })]),
    ...sessions.map((session) => revocableName({ issuer, session })),
  ]
}

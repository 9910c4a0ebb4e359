import type { Owner, RevokeOptions } from '../../base/contract/index.ts'
import type { Name } from '../index.ts'

/** Index name of a user's records, or of a session's records. Without a tenant, of all tenants. */
export const revocableName = ({ issuer, tenant, subject, session }: RevokeOptions): Name =>
  session === undefined ? ['owner', issuer, tenant, subject] : ['session', issuer, session]

/** Index names under which a revocation finds records of a user and their sessions. It may name the subject alone. */
export function revocableNames({ issuer, tenant, subject }: Owner, sessions: readonly string[] = []): readonly Name[] {
  return [
    revocableName({ issuer, tenant, subject }),
    ...(tenant === undefined ? [] : [revocableName({ issuer, subject })]),
    ...sessions.map((session) => revocableName({ issuer, session })),
  ]
}

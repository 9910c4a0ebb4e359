import type { UserIdentity } from '../base/contract/index.ts'
import type { CalledBy, RunRecord } from './record.ts'

/** Sessions that a record lists. Of more, the first ones no longer end the run. */
export const MAX_SESSIONS = 16

/** The kind of caller, in addition to the principal for which it acts. Its session is not part of it. */
export type Caller = { readonly [Name in 'actor' | 'delegationId' | 'clientId']?: UserIdentity[Name] | undefined }

/**
 * Returns whether a caller is of the same kind as the run's: the user, an agent that acts for them, or a job of one
 * delegation. Only these may get the result of the run.
 */
export const isSameKind = (record: RunRecord, caller: Caller): boolean =>
  callerName({ ...record.by, clientId: caller.clientId }) === callerName(caller)

export const isSameCaller = (record: RunRecord, caller: Caller): boolean => starterOf(record) === callerName(caller)

/** Returns a text that is equal for records of the same caller. */
export const starterOf = ({ by }: Pick<RunRecord, 'by'>): string => callerName({ ...by, ...by.owner })

/**
 * Returns the name of a caller. Contains only the outermost actor: RFC 8693 §4.1 keeps nested ones out of decisions.
 */
const callerName = ({ actor, delegationId, clientId }: Caller): string =>
  JSON.stringify([delegationId, actor && [actor.issuer, actor.subject], clientId])

/** Adds the other sessions of the same caller that share the run: if it has no effect, it is open again. */
export function sharing(record: RunRecord, { sessionIds: own, ...by }: CalledBy): CalledBy {
  if (own === undefined) return by
  if (!isSameCaller(record, { ...by, ...by.owner })) return { ...by, sessionIds: own }
  const shared = record.by.sessionIds
  if (shared === undefined) return by
  const others = shared.filter((other) => !own.includes(other))
  return { ...by, sessionIds: [...others, ...own].slice(-MAX_SESSIONS) }
}

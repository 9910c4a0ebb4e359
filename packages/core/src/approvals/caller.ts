import type { Actor, Identity } from '../contract/index.ts'
import type { RunRecord } from './record.ts'

/** Sessions that a record lists. Of more, the first ones no longer end the run. */
export const MAX_SESSIONS = 16

/** Who makes a call, beside the principal that it is made for. The session is no part of it. */
export type Caller = Pick<RunRecord, 'actor' | 'delegationId'> & { readonly clientId?: string | undefined }

export function callerOf(identity: Identity): Caller {
  const { clientId } = identity
  const { actor, delegationId }: Pick<RunRecord, 'actor' | 'delegationId'> = identity.kind === 'user' ? identity : {}
  return {
    ...(clientId !== undefined && { clientId }),
    ...(actor !== undefined && { actor }),
    ...(delegationId !== undefined && { delegationId }),
  }
}

/** The user, an agent that acts for them, or a job under one delegation: who may be told what a run gave. */
export function isSameKind(record: RunRecord, caller: Caller): boolean {
  return record.delegationId === caller.delegationId && actorName(record.actor) === actorName(caller.actor)
}

export function isSameCaller(record: RunRecord, caller: Caller): boolean {
  return isSameKind(record, caller) && record.owner.clientId === caller.clientId
}

/** Outermost only: RFC 8693 §4.1 keeps nested actors out of decisions. */
const actorName = (actor: Actor | undefined): string | undefined =>
  actor && JSON.stringify([actor.issuer ?? null, actor.subject])

/** By whom a run is started, and with which linked accounts. */
export type CalledBy = Pick<RunRecord, 'owner' | 'actor' | 'delegationId' | 'sessionIds' | 'provenAt' | 'accounts'>

/** Who starts a run, with the other sessions of the same caller that share it: it may have no effect, and be open again. */
export function sharing(record: RunRecord, { sessionIds: own, ...by }: CalledBy): CalledBy {
  if (own === undefined) return by
  if (!isSameCaller(record, { ...by, ...by.owner })) return { ...by, sessionIds: own }
  if (record.sessionIds === undefined) return by
  const others = record.sessionIds.filter((other) => !own.includes(other))
  return { ...by, sessionIds: [...others, ...own].slice(-MAX_SESSIONS) }
}

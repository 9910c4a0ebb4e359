import type { Actor, Identity } from '../contract/index.ts'
import type { RunRecord } from './record.ts'

/** Who makes a call, beside the principal that it is made for. The session is no part of it. */
export type Caller = Pick<RunRecord, 'actor' | 'delegationId'> & { readonly clientId?: string }

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

import type { Actor, Owner, Principal, RevokeOptions } from './identity.ts'
import type { Trace } from './trace.ts'

/** The principal that acted, as an audit event names it. */
export interface AuditPrincipal extends Owner {
  /** The whole chain of actors, outermost first. */
  readonly actor?: Actor
  /** Id of the delegation under which a job acted. Absent for other callers. */
  readonly delegationId?: string
}

interface AuditBase {
  readonly v: 1
  /** Epoch milliseconds. */
  readonly at: number
  /** The acting agent's configured name. */
  readonly agent: string
  readonly tool: string
  readonly principal?: AuditPrincipal
  /** Random id; the same in all events that one call caused, and in its trace. */
  readonly callId?: string
  readonly policyVersion?: string
  readonly approvalId?: string
}

/** A call was decided, or ended. */
export interface CallEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'call'
  /** Whether the guard only checked the call, or was asked to run it. */
  readonly phase: 'preflight' | 'run'
  /** Result of the call in this phase. */
  readonly status: 'ready' | 'done' | 'replayed' | 'denied' | 'interrupted' | 'unavailable' | 'threw' | 'aborted'
  /** Code of the outcome. Absent where the outcome has none. */
  readonly code?: string
  /** Steps of the guard and their verdicts. */
  readonly trace: Trace
}

/** A token was issued to the agent. The event never contains its value. */
export interface TokenEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'token'
  /** Source of the token. */
  readonly source: 'exchange' | 'vault' | 'approval'
  /** API or connection for which the token was issued. */
  readonly audience: string
  /** Scopes of the token. */
  readonly scopes: readonly string[]
  /** Party that acts for the user. Absent where the token names none. */
  readonly actor?: Actor
  /**
   * Meaning of a user's token from an exchange or an approval: `delegation` if it names an actor, `impersonation` if no
   * actor can be read from it (RFC 8693 §1.1). A profile with `actor` refuses impersonation.
   */
  readonly semantics?: 'delegation' | 'impersonation'
  /** Time at which the token expires, in epoch seconds. Absent if the issuer gave no time. */
  readonly expiresAt?: number
  /** Time of the request for the token, in epoch milliseconds. */
  readonly startedAt?: number
}

/** An approval changed its state. */
export interface ApprovalEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'approval'
  /** Id of the approval; the same in all events of one approval. */
  readonly approvalId: string
  /** State that the approval has now. */
  readonly state: string
  /** Person who must answer. Absent if the event names no one. */
  readonly approver?: Principal
  /** Message that the approver is shown. Absent where the event has none. */
  readonly message?: string
  /** The party that holds the call to what was approved: the API through the token, or this SDK alone. */
  readonly enforcedBy?: 'server' | 'sdk'
}

/** A body asked for the raw token. */
export interface RawTokenEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'raw_token'
  /** Name of the credential in the policy whose token the body read. */
  readonly credential: string
}

/**
 * Creation, use, refusal or end of a delegation. It names no tool: the events of calls name the tools that it was used
 * for.
 */
export interface DelegationEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'delegation'
  /** Always empty: the event belongs to no tool. */
  readonly tool: ''
  /** Action on the delegation. */
  readonly action: 'created' | 'used' | 'refused' | 'revoked'
  /** Id of the delegation. Not secret. */
  readonly delegationId: string
  /** Reason, with `refused`. */
  readonly code?: string
}

/** An operator revokes access, resolves a run, or cancels a question. Written before the act. */
export interface OperatorEvent extends AuditBase {
  /** Always this value; it discriminates the union. */
  readonly type: 'operator'
  /** Always empty: the event belongs to no tool. */
  readonly tool: ''
  /** Action of the operator. */
  readonly action: 'revoke' | 'resolve' | 'cancel'
  /** The name that was given to `guard.asOperator`. */
  readonly operator: string
  /** The user or session whose access is revoked, with `revoke`. */
  readonly revoked?: RevokeOptions
}

/** One recorded event. It cannot contain a token: no field accepts one. */
export type AuditEvent = CallEvent | TokenEvent | ApprovalEvent | RawTokenEvent | DelegationEvent | OperatorEvent

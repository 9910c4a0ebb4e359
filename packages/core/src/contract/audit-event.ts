import type { Actor } from './identity.ts'
import type { Owner, Principal, RevokeOptions } from './principal.ts'
import type { Trace } from './trace.ts'

/** Who acted, as an audit event names them. */
export interface AuditPrincipal extends Owner {
  /** The whole chain of actors, outermost first. */
  readonly actor?: Actor
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
  /** Random; the same in all events that one call caused, and in its trace. */
  readonly callId?: string
  readonly policyVersion?: string
  readonly approvalId?: string
}

/** A call was decided, or ended. */
export interface CallEvent extends AuditBase {
  readonly type: 'call'
  readonly phase: 'preflight' | 'run'
  readonly status: 'ready' | 'done' | 'replayed' | 'denied' | 'interrupted' | 'unavailable' | 'threw' | 'aborted'
  readonly code?: string
  readonly trace: Trace
}

/** A token was issued to the agent. Never its value. */
export interface TokenEvent extends AuditBase {
  readonly type: 'token'
  readonly source: 'exchange' | 'vault' | 'approval'
  readonly audience: string
  readonly scopes: readonly string[]
  readonly actor?: Actor
  /**
   * For a user's token of an exchange or an approval: whether it names who acts for them (`delegation`), or nobody, as
   * far as it can be read (`impersonation`; RFC 8693 §1.1). A profile's `actor` takes none of the second kind.
   */
  readonly semantics?: 'delegation' | 'impersonation'
  readonly expiresAt?: number
  /** When it was asked for, in epoch milliseconds. */
  readonly startedAt?: number
}

/** An approval changed its state. */
export interface ApprovalEvent extends AuditBase {
  readonly type: 'approval'
  readonly approvalId: string
  readonly state: string
  readonly approver?: Principal
  readonly message?: string
  /** Who holds the call to what was approved: the API through the token, or this SDK alone. */
  readonly enforcedBy?: 'server' | 'sdk'
}

/** A body asked for the raw token. */
export interface RawTokenEvent extends AuditBase {
  readonly type: 'raw_token'
  readonly credential: string
}

/** A delegation was made, used, refused or ended. No tool is named: its uses come with calls of their own. */
export interface DelegationEvent extends AuditBase {
  readonly type: 'delegation'
  readonly tool: ''
  readonly action: 'created' | 'used' | 'refused' | 'revoked'
  readonly delegationId: string
  /** With `refused`: why. */
  readonly code?: string
}

/** An operator revokes access, resolves a run, or cancels a question. Written before the act. */
export interface OperatorEvent extends AuditBase {
  readonly type: 'operator'
  readonly tool: ''
  readonly action: 'revoke' | 'resolve' | 'cancel'
  /** The name that was given to `guard.asOperator`. */
  readonly operator: string
  /** With `revoke`: the user or session whose access is revoked. */
  readonly revoked?: RevokeOptions
}

/** One thing that happened. Cannot hold a token: no field takes one. */
export type AuditEvent = CallEvent | TokenEvent | ApprovalEvent | RawTokenEvent | DelegationEvent | OperatorEvent

import type { AuditEvent, Fault } from '@behalf/core'

/** Server of the sandbox: the app's issuer, the upstream behind the vault, the employer's issuer. */
export type SandboxIssuer = 'app' | 'upstream' | 'enterprise'

/** Facts of a token. Never the token. */
export interface TokenFacts {
  /** `sub` of the token. `unknown` for an opaque token. */
  readonly subject: string
  /** Identifiers of the APIs that the token is for. Empty for an opaque token. */
  readonly audience: readonly string[]
  /** Scopes of the token; of an opaque one, those of the token response. */
  readonly scopes: readonly string[]
  /** The actors, outermost first. */
  readonly actors: readonly string[]
  /** The details that the token was approved for (RFC 9396). Absent where it has none. */
  readonly authorizationDetails?: readonly unknown[]
}

interface Happened {
  /** Time of the event, in epoch milliseconds. */
  readonly at: number
}

/** A user is asked on their phone. */
export interface AskedEvent extends Happened {
  /** Marks an {@link AskedEvent}. */
  readonly type: 'asked'
  /** Names the question in later events. Opens nothing. */
  readonly question: string
  /** The user who is asked: `sub` at the app's issuer. */
  readonly subject: string
  /** The client that asks. */
  readonly clientId: string
  /** Party that the client names as actor, if it is an agent. */
  readonly agent?: string
  /** The binding message, which the user reads. Absent where the client sent none. */
  readonly message?: string
  /** The details that are asked for (RFC 9396). Absent where the client sent none. */
  readonly authorizationDetails?: readonly unknown[]
  /** The scopes that are asked for. */
  readonly scopes: readonly string[]
  /** Identifiers of the APIs that the tokens would be for. */
  readonly audience: readonly string[]
  /** Time at which the question expires, in epoch seconds. */
  readonly expiresAt: number
}

/** A question was answered, or expired. */
export interface AnsweredEvent extends Happened {
  /** Marks an {@link AnsweredEvent}. */
  readonly type: 'answered'
  /** The question, by the name that its {@link AskedEvent} gave. */
  readonly question: string
  /** The user who was asked: `sub` at the app's issuer. */
  readonly subject: string
  /** The binding message of the question. Absent where the client sent none. */
  readonly message?: string
  /** Outcome of the question. `expired`: it was not answered in time. */
  readonly answer: 'approved' | 'denied' | 'expired'
}

/** A token was issued. */
export interface TokenEvent extends Happened, TokenFacts {
  /** Marks a {@link TokenEvent}. */
  readonly type: 'token'
  /** The server that issued the token. */
  readonly issuer: SandboxIssuer
  /** The client that got the token. `unknown` where the request does not name it. */
  readonly clientId: string
  /** The grant type. For a URN, the part after the last colon: `authorization_code`, `token-exchange`, `ciba`. */
  readonly grantType: string
}

/** An authorization server refused a request. */
export interface RefusedEvent extends Happened {
  /** Marks a {@link RefusedEvent}. A pending poll, and a demand for a DPoP nonce, are not refusals. */
  readonly type: 'refused'
  /** The server that refused. */
  readonly issuer: SandboxIssuer
  /** Name of the endpoint, such as `token` or `bc-authorize`. */
  readonly endpoint: string
  /** HTTP status of the answer, 400 or more. */
  readonly status: number
  /** OAuth error code, such as `invalid_grant`. Absent if the answer has none. */
  readonly error?: string
  /** `error_description` of the answer, without tokens. Absent where the answer has none. */
  readonly description?: string
}

/** A user signed in, refused a client, or gave a client access, on a page of a server. */
export interface SignedInEvent extends Happened {
  /** `signed_in`: a login. `consented`: a client got access. `declined`: the person refused the client. */
  readonly type: 'signed_in' | 'consented' | 'declined'
  /** Server of the page. */
  readonly issuer: SandboxIssuer
  /** `sub` of the person at that server. */
  readonly subject: string
  /** The client that sent the browser to the page. */
  readonly clientId: string
  /** The scopes that the client asks for. */
  readonly scopes: readonly string[]
}

/** A request to the Stock Trade API. */
export interface ApiEvent extends Happened {
  /** Marks an {@link ApiEvent}. */
  readonly type: 'api'
  /** The request's method, such as `POST`. */
  readonly method: string
  /** Path of the request, without query and tokens. */
  readonly path: string
  /** HTTP status of the answer. 404 where no endpoint has the path. */
  readonly status: number
  /** Facts of the token that the API accepted. Absent where it accepted none. */
  readonly token?: TokenFacts
}

/** OpenFGA was asked whether. */
export interface CheckedEvent extends Happened {
  /** Marks a {@link CheckedEvent}. A batch is one event for each of its checks. */
  readonly type: 'checked'
  /** User of the check, such as `user:ann` or `agent:trader`. */
  readonly user: string
  /** The relation that was asked about. */
  readonly relation: string
  /** Object of the check, such as `portfolio:p-ann`. */
  readonly object: string
  /** The answer. Also `false` where a check of a batch ended in an error. */
  readonly allowed: boolean
  /** Reason of a no: the relations and tuples that decided, and the conditions of these with their values. */
  readonly why?: string
}

/** A fault was set, or an answer was lost as one said. */
export interface FaultEvent extends Happened {
  /** Marks a {@link FaultEvent}. */
  readonly type: 'fault'
  /** Name of the fault: a `SandboxFault`. */
  readonly fault: string
  /** The effect, in words. */
  readonly effect: string
}

/** A guard reported an event of its audit: a call that was decided, a token, a question, a revocation. */
export interface AuditedEvent extends Happened {
  /** Marks an {@link AuditedEvent}. */
  readonly type: 'audited'
  /** The event of the audit. A text that may be a token is hidden. */
  readonly event: AuditEvent
}

/** A guard reported a fault that it handled: a rule, a port or the store failed. */
export interface GuardFaultEvent extends Happened {
  /** Marks a {@link GuardFaultEvent}. */
  readonly type: 'guard_fault'
  /** The fault, as `onFault` gets it. A text that may be a token is hidden. */
  readonly fault: Fault
}

/** Facts of a request that left a guard: no query, no header, no body. */
export interface RequestFacts {
  /** The request's method, such as `POST`. */
  readonly method: string
  /** Origin and path of the request. */
  readonly url: string
  /** HTTP status of the answer. Absent where no answer came. */
  readonly status?: number
  /** Facts of the token that the request had, as the token states them. Absent where it had none. */
  readonly token?: TokenFacts
}

/** A request of a guard, or of a body through its credential, left for a server outside of the sandbox. */
export interface RequestEvent extends Happened, RequestFacts {
  /** Marks a {@link RequestEvent}. */
  readonly type: 'request'
}

/** One event in a sandbox. Contains no token, code or secret. */
export type SandboxEvent =
  | AskedEvent
  | AnsweredEvent
  | TokenEvent
  | RefusedEvent
  | SignedInEvent
  | ApiEvent
  | CheckedEvent
  | FaultEvent
  | AuditedEvent
  | GuardFaultEvent
  | RequestEvent

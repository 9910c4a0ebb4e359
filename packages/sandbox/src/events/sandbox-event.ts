/** Which of the sandbox's servers: the app's issuer, the upstream behind the vault, the employer's issuer. */
export type SandboxIssuer = 'app' | 'upstream' | 'enterprise'

/** What a token says. Never the token. */
export interface TokenFacts {
  readonly subject: string
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Whoever acts, outermost first. */
  readonly actors: readonly string[]
  readonly authorizationDetails?: readonly unknown[]
}

interface Happened {
  /** Epoch milliseconds. */
  readonly at: number
}

/** Somebody is asked on their phone. */
export interface AskedEvent extends Happened {
  readonly type: 'asked'
  /** Names the question in later events. Opens nothing. */
  readonly question: string
  readonly subject: string
  readonly clientId: string
  /** Who the client says to act as, where it is an agent. */
  readonly agent?: string
  readonly message?: string
  readonly authorizationDetails?: readonly unknown[]
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** A question got its answer, or ran out. */
export interface AnsweredEvent extends Happened {
  readonly type: 'answered'
  readonly question: string
  readonly subject: string
  readonly message?: string
  readonly answer: 'approved' | 'denied' | 'expired'
}

/** A token was issued. */
export interface TokenEvent extends Happened, TokenFacts {
  readonly type: 'token'
  readonly issuer: SandboxIssuer
  readonly clientId: string
  readonly grantType: string
}

/** An authorization server said no. */
export interface RefusedEvent extends Happened {
  readonly type: 'refused'
  readonly issuer: SandboxIssuer
  readonly endpoint: string
  readonly status: number
  readonly error?: string
  readonly description?: string
}

/** Somebody signed in, said no to a client, or gave an account away, on a page of a server. */
export interface SignedInEvent extends Happened {
  readonly type: 'signed_in' | 'consented' | 'declined'
  readonly issuer: SandboxIssuer
  readonly subject: string
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** A request to the Stock Trade API. */
export interface ApiEvent extends Happened {
  readonly type: 'api'
  readonly method: string
  readonly path: string
  readonly status: number
}

/** OpenFGA was asked whether. */
export interface CheckedEvent extends Happened {
  readonly type: 'checked'
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly allowed: boolean
}

/** A fault was set. */
export interface FaultEvent extends Happened {
  readonly type: 'fault'
  readonly fault: string
  readonly effect: string
}

/** One thing that happened in a sandbox. Holds no token, code or secret. */
export type SandboxEvent =
  | AskedEvent
  | AnsweredEvent
  | TokenEvent
  | RefusedEvent
  | SignedInEvent
  | ApiEvent
  | CheckedEvent
  | FaultEvent

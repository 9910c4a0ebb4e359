/**
 * What an observer of the app sees who does not know how the SDK works. All times are true time, in epoch seconds: the
 * clocks of the processes may differ from it.
 */
export type WorldEvent = { readonly at: number } & Happening

/** Who makes a call. */
export interface Caller {
  readonly subject: string
  /** `user`; `agent NAME`, which acts for the user; or `job ID`, which works while the user is away. */
  readonly kind: string
  /** The client to which the token was issued. */
  readonly client: string
  readonly session: string
  /** When the person showed who they are: at a login. For a job, the proof with which it was created. */
  readonly provenAt: number
  readonly job?: string
}

/** What the app says of a tool, in the version that this process runs. */
export interface Rules {
  readonly version: string
  /** Amounts above it need an approval. Absent: no call does. */
  readonly limit?: number | undefined
  readonly approver: string
  /** How long a question may stay open, and how long a yes may be used. Seconds. */
  readonly lifetime: number
  readonly useWithin: number
  /** Each call is asked for by itself. */
  readonly perCall: boolean
  /** A run in doubt starts again, under its own slot. */
  readonly retries: boolean
  readonly writes: boolean
  /** The app says that bodies of this tool do all that they do by their credentials. */
  readonly writesOnlyByAccess: boolean
  /** Where its requests go. */
  readonly audience: string
  /** What an approved call may hold, and what one that needs no approval may. */
  readonly scopes: readonly string[]
  readonly exemptScopes: readonly string[]
  /** The token of an approved call says what was approved. */
  readonly detailed: boolean
  /** It uses a linked account: of which several, the app says at each call, or the user has chosen. */
  readonly account?: 'named by the app' | 'chosen by the user' | undefined
}

/** What an approver reads. */
export interface Text {
  readonly owner: string
  readonly kind: string
  readonly tool: string
  readonly amount: number
  readonly version: string
  /** The linked account, where the app named one. */
  readonly account?: string | undefined
  /** Words before it: they tell of an earlier action whose result is unknown, or may be unseen. */
  readonly warning?: string | undefined
}

export interface Bearer {
  readonly subject: string
  readonly audience: string
  readonly scopes: readonly string[]
  readonly actor?: string | undefined
  /** What was approved, as the token says it. */
  readonly details?: readonly { readonly amount: number }[] | undefined
  /** Of an account that `subject` linked: the consent behind it. */
  readonly grant?: string | undefined
}

export type Happening =
  | {
      readonly kind: 'called'
      readonly call: number
      readonly process: string
      readonly caller: Caller
      readonly tool: string
      readonly slot: string
      readonly amount: number
      readonly rules: Rules
      /** Why the app must refuse this call: its body never begins. */
      readonly refused?: string
      /** Only asks whether it could run. */
      readonly preflight?: boolean
      /** The call whose body makes this one. */
      readonly outer?: number
    }
  /** The caller aborted, and hears nothing more of it. */
  | { readonly kind: 'left'; readonly call: number }
  /** The app said which linked account of its user a call is to use. */
  | { readonly kind: 'account named'; readonly call: number; readonly account: string | undefined }
  | {
      readonly kind: 'began'
      readonly call: number
      readonly input: string
      readonly key: string
      /** What it gives is read piece by piece, while it runs. */
      readonly streams?: boolean
    }
  /** A request reached the API, or was lost on its way. `status`: what the API answered. */
  | {
      readonly kind: 'sent'
      readonly call: number
      readonly bearer: Bearer
      readonly method: string
      readonly status?: number
    }
  | { readonly kind: 'took the raw token'; readonly call: number }
  /** The body did something by ways that the SDK does not see. */
  | { readonly kind: 'acted unseen'; readonly call: number }
  /** `was refused`: `access.x.send` threw, because the API surely did nothing. */
  | {
      readonly kind: 'body ended'
      readonly call: number
      readonly how: 'returned' | 'threw' | 'said no effect' | 'was refused'
      readonly result?: string
      /** What it gave cannot be told a second time. */
      readonly isOnceOnly?: boolean
    }
  /**
   * `run`: the name under which an operator finds the run. `words`: all that the app and the model were told.
   * `isUnheard`: the caller had left. `isUnstored`: the app was told that the result could not be stored in time.
   */
  | {
      readonly kind: 'outcome'
      readonly call: number
      readonly status: string
      readonly code?: string
      readonly run?: string
      readonly result?: string
      readonly isReplay?: boolean
      readonly isUnheard?: boolean
      readonly isUnstored?: boolean
      readonly words: string
    }
  /** `expiresAt`: when the question ends, as the approver is told. Epoch seconds, by the clock of a process. */
  | {
      readonly kind: 'asked'
      readonly question: string
      readonly approver: string
      readonly text: Text
      readonly expiresAt?: number
    }
  /**
   * `calledAt`: when the person answered; `at`: when the app said that it took the answer. Not sure: it was sent, and
   * the app may or may not take it.
   */
  | {
      readonly kind: 'answered'
      readonly isSure: boolean
      /** Another person signed in to answer: it counts for nothing. */
      readonly isFalse?: boolean
      readonly question: string
      readonly by: Caller
      readonly answer: 'yes' | 'no' | 'reopen'
      readonly calledAt: number
    }
  | { readonly kind: 'revoked'; readonly subject?: string; readonly session?: string }
  /** `tools`, `scopes`: the only ones to which the user agreed. */
  | {
      readonly kind: 'job created'
      readonly job: string
      readonly by: Caller
      readonly tools?: readonly string[]
      readonly scopes?: readonly string[]
      readonly calledAt: number
    }
  | { readonly kind: 'job ended'; readonly job: string; readonly by: Caller }
  /** Without `by`, an operator of the app did it. */
  | {
      readonly kind: 'resolved'
      readonly isSure: boolean
      readonly key: string
      readonly what: 'ran' | 'did not run'
      readonly by?: Caller
      readonly calledAt: number
    }
  /** A question, or its unused yes, was withdrawn. Without `by`, an operator of the app did it. */
  | { readonly kind: 'cancelled'; readonly question: string; readonly by?: Caller; readonly calledAt: number }
  /** An operator of the app did something. `operator`: a name for this act alone. */
  | { readonly kind: 'operator acted'; readonly operator: string; readonly what: string }
  /** The app keeps a login of a person, under a name that only its browser has. `kept` stands for that name. */
  | { readonly kind: 'session kept'; readonly kept: string; readonly by: Caller; readonly calledAt: number }
  /** The app asked who a kept session is, at `calledAt`, and was told `subject`. */
  | {
      readonly kind: 'session served'
      readonly kept: string
      readonly by: Caller
      readonly subject: string
      readonly calledAt: number
    }
  | { readonly kind: 'session ended'; readonly kept: string }
  /** A server got a refresh token that is good for one use, and answered with the next one. `token` stands for it. */
  | { readonly kind: 'refresh token used'; readonly token: string }
  /** An account at a provider was linked to a person. `begunBy`: who went to the provider to agree. */
  | {
      readonly kind: 'linked'
      readonly grant: string
      readonly account: string
      readonly by: Caller
      readonly begunBy: string
      readonly calledAt: number
    }
  /** A user chose one of several accounts. Not sure: it was sent. Without `account`: it was not taken. */
  | {
      readonly kind: 'account chosen'
      readonly isSure: boolean
      readonly account: string | undefined
      readonly by: Caller
      readonly calledAt: number
    }
  /** One account of a person, or all of them, were disconnected, at this process. Without `by`, by the app itself. */
  | {
      readonly kind: 'disconnected'
      readonly subject: string
      readonly account?: string
      readonly process: string
      readonly by?: Caller
      readonly calledAt: number
    }
  /** The handler of an order began, or ended, at an API of the app. `token`: the one whose approval it uses. */
  | {
      readonly kind: 'order ran'
      readonly store: string
      readonly subject: string
      readonly key: string
      readonly token?: string
    }
  | {
      readonly kind: 'order ended'
      readonly store: string
      readonly subject: string
      readonly key: string
      readonly token?: string
      readonly status: number
    }
  | { readonly kind: 'died'; readonly process: string }
  /** It did nothing for so long that everybody else takes it for dead. It goes on later. */
  | { readonly kind: 'stood still'; readonly process: string }
  /** Something outside of the SDK failed, was slow, or was changed. `seconds`: for how long this process may be late. */
  | { readonly kind: 'trouble'; readonly process?: string; readonly seconds?: number }
  /** Of several operations that this process began at once, such as reads from the database, one ended late: now. */
  | { readonly kind: 'was slow'; readonly process: string; readonly seconds: number }
  /** The largest difference between two clocks from here on, in seconds. */
  | { readonly kind: 'clocks'; readonly error: number }
  /** Everything is well again, and this call, made for the first time, was justified. */
  | { readonly kind: 'must run'; readonly status: string; readonly why: string }
  /** The same for a call that was made before: it may be refused, and not for ever be told to come again. */
  | { readonly kind: 'must end'; readonly status: string; readonly why: string }
  /** An audit event, or a fault that the operator hears of. `operator`: whose act it tells of. */
  | { readonly kind: 'written'; readonly words: string; readonly operator?: string }
  | { readonly kind: 'token issued'; readonly token: string }

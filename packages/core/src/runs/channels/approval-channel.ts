import type { Actor, AuthorizationDetail, JsonObject, Owner, Principal } from '../../base/contract/index.ts'
import type { Clock } from '../../base/ports.ts'
import type { Token } from '../../credential/token.ts'
import type { Profile } from '../../oauth/profiles/profile.ts'
import type { AuthorizationServers, RequestOptions } from '../../oauth/server.ts'

/**
 * The question that a channel asks a person. It is computed once per approval and stored, and is the same on every
 * send.
 */
export interface ApprovalQuestion {
  /** Id of the approval, made by the guard. */
  readonly approvalId: string
  /** Random. A question that replaces another under the same approval has another id. */
  readonly questionId: string
  /** Name of the tool whose call needs the approval. */
  readonly tool: string
  /** Principal whose call needs the approval. */
  readonly owner: Owner & Principal
  /** Person who is asked. */
  readonly approver: Principal
  /** Message for the approver. */
  readonly message: string
  /** Details of the approved action, in structured form (RFC 9396). */
  readonly details: readonly AuthorizationDetail[]
  /** Set if the answer's token will be the credential itself (A9 a). */
  readonly credential?: { readonly resource: string; readonly scopes: readonly string[] }
  /** Time at which the whole approval expires, in epoch seconds. */
  readonly expiresAt: number
}

/** Data that the channel needs to find the answer. Plain JSON. Core seals it into the record, and never shows it. */
export interface ApprovalSent {
  /** State that the channel needs to poll for or cancel the question. Stored by the guard. */
  readonly state: JsonObject
  /**
   * Minimum time between two polls, counted from a response to the next request. For a channel without polls: the
   * interval at which a waiting caller reads the record. Seconds.
   * @default 5
   */
  readonly interval?: number
  /**
   * Time at which this delivery of the question expires, in epoch seconds.
   * @default the question's own end, the latest possible
   */
  readonly expiresAt?: number
}

/** Result of one poll. */
export type ApprovalAnswer =
  | {
      readonly status: 'pending'
      readonly interval?: number
      readonly retryAfter?: number
      readonly state?: JsonObject
      /**
       * Result of this poll. `unanswered`: the person has not answered. `nothing`: no usable response came. `answered`:
       * an answer came, is kept in `state`, and could not be verified yet.
       * @default 'unanswered'
       */
      readonly found?: 'unanswered' | 'nothing' | 'answered'
    }
  | {
      readonly status: 'approved'
      /** Time at which the person answered, in epoch seconds, if the channel can prove it. @default not known */
      readonly answeredAt?: number
      /** Evidence of the channel. Stored in the record. */
      readonly evidence?: JsonObject
      /** The credential, if the question asked for one. */
      readonly token?: {
        readonly value: Token
        readonly scopes: readonly string[]
        readonly expiresAt?: number
        /** The actor, if the token names one. */
        readonly actor?: Actor
        /** Thumbprint (RFC 7638) of the key that each use of the token must prove. Absent: the token is not bound. */
        readonly keyThumbprint?: string
      }
    }
  | {
      readonly status: 'denied'
      readonly detail?: string
      /** Evidence of the channel. Stored in the record. */
      readonly evidence?: JsonObject
    }
  /** This delivery expired without an answer. Within the approval's lifetime, the person is asked again. */
  | { readonly status: 'expired' }
  /** An answer was given and is lost; the person has to be asked again. */
  | { readonly status: 'answer_lost' }
  /** Definite: another poll would not help, such as after a broken request, or a grant that does not match it. */
  | { readonly status: 'failed'; readonly detail: string }

/** A pushed answer that the channel has verified. */
export interface VerifiedAnswer {
  /** Id of the answered question, as the verified answer names it. */
  readonly approvalId: string
  /** Id of the question that was answered, not of the approval. */
  readonly questionId: string
  /** Person who answered. A verified identity must be a user who is present. For other objects, the channel vouches. */
  readonly approver: Principal
  /** Decision of the approver. */
  readonly decision: 'approved' | 'denied'
  /** Evidence of the channel. Stored in the record and shown to its owner: no secrets. Plain JSON of at most 16 KiB. */
  readonly evidence: JsonObject
  /** Time at which the person answered, in epoch seconds. */
  readonly at: number
}

/** Context that the guard passes to a channel with each call. */
export interface ChannelContext extends RequestOptions {
  /** Authorization servers of the guard, by issuer. */
  readonly authorizationServers: AuthorizationServers
  /** Clock of the guard. */
  readonly clock: Clock
}

/** Common part of all channels. */
export interface ChannelBase {
  /** Version of this port that the channel implements. */
  readonly specificationVersion: 2
  /** Returns why this channel cannot work with a provider, and the fix. Called at construction; does no I/O. */
  checkProfile?(profile: Profile): string | undefined
  /**
   * Whether the answer carries a token that can be the credential, per issuer. `true`: it is bound to the details: what
   * A9 (a) needs. `'scopes'`: by its scopes alone, where the question has no details.
   */
  carriesCredential?(question: Omit<ApprovalQuestion, 'credential'>, context: ChannelContext): boolean | 'scopes'
  /** Returns what is wrong with a message. Called before anything is stored or sent. */
  checkMessage?(message: string, approver: Principal, context: ChannelContext): string | undefined
  /**
   * Sends the question to its approver.
   *
   * @throws TransportError The outcome is unknown: the question is sent again.
   */
  ask(question: ApprovalQuestion, context: ChannelContext): Promise<ApprovalSent>
  /**
   * Asks once whether the approver has answered.
   *
   * @throws TransportError The answer is unknown: the question stays open, and nothing is lost.
   */
  poll?(asked: ApprovalSent, question: ApprovalQuestion, context: ChannelContext): Promise<ApprovalAnswer>
  /**
   * Verifies the untrusted answer that the app received.
   *
   * @throws TransportError The channel cannot tell: the app may try again. Any other error refuses the answer.
   */
  verify?(answer: unknown, context: ChannelContext): Promise<VerifiedAnswer>
  /** Withdraws a question that is still open. */
  cancel?(asked: ApprovalSent, question: ApprovalQuestion, context: ChannelContext): Promise<void>
}

/** A channel that core polls for answers. It may receive pushed answers as well. */
export type PolledChannel = ChannelBase & Required<Pick<ChannelBase, 'poll'>>

/** A channel that receives pushed answers: the app's own pages, a chat, an e-mail. */
export type PushedChannel = ChannelBase & Required<Pick<ChannelBase, 'verify'>>

/** Asks a person. A channel delivers questions, and polls for or verifies answers. Core writes the record. */
export type ApprovalChannel = PolledChannel | PushedChannel

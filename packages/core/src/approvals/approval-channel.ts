import type { Profile } from '../authorization-server/profile.ts'
import type { AuthorizationServers, RequestOptions } from '../authorization-server/server.ts'
import type { Actor, Approver, AuthorizationDetail, JsonObject, UserIdentity } from '../contract/index.ts'
import type { Token } from '../credential/token.ts'
import type { Clock } from '../ports/index.ts'

/** What a channel has to ask a person. Computed once per approval and stored; the same on every send. */
export interface ApprovalQuestion {
  readonly approvalId: string
  /** Random. A question that takes the place of another under the same approval has another one. */
  readonly questionId: string
  readonly tool: string
  readonly owner: Pick<UserIdentity, 'issuer' | 'tenant' | 'subject' | 'clientId'>
  readonly approver: Approver
  readonly message: string
  readonly details: readonly AuthorizationDetail[]
  /** Set where the answer's token is to be the credential itself (A9 a). */
  readonly credential?: { readonly resource: string; readonly scopes: readonly string[] }
  /** Epoch seconds: when the approval as a whole runs out. */
  readonly expiresAt: number
}

/**
 * What the channel needs to find the answer. Plain JSON; sealed into the record by core, never shown.
 */
export interface Asked {
  readonly state: JsonObject
  /**
   * Shortest time between two polls, counted from a response to the next request. Of a channel that is not polled: how
   * often a caller that waits reads the record. Seconds. @default 5
   */
  readonly interval?: number
  /** Epoch seconds: when this delivery of the question expires. @default the question's own end, the latest possible */
  readonly expiresAt?: number
}

/** What one poll found. */
export type Answer =
  | {
      readonly status: 'pending'
      readonly interval?: number
      readonly retryAfter?: number
      readonly state?: JsonObject
      /**
       * What this poll learned. `unanswered`: the person has not answered. `nothing`: no usable response came.
       * `answered`: an answer came, is kept in `state`, and could not be verified yet. @default 'unanswered'
       */
      readonly found?: 'unanswered' | 'nothing' | 'answered'
    }
  | {
      readonly status: 'approved'
      /** Epoch seconds: when the person answered, where the channel can prove it. @default not known */
      readonly answeredAt?: number
      /** How the channel knows. Kept with the record. */
      readonly evidence?: JsonObject
      /** The credential, where the question asked for one. */
      readonly token?: {
        readonly value: Token
        readonly scopes: readonly string[]
        readonly expiresAt?: number
        /** Who acts, where the token says so. */
        readonly actor?: Actor
        /** The key that the token is bound to, where it is (RFC 7638): whoever uses it has to prove that key. */
        readonly keyThumbprint?: string
      }
    }
  | {
      readonly status: 'denied'
      readonly detail?: string
      /** How the channel knows. Kept with the record. */
      readonly evidence?: JsonObject
    }
  /** This delivery ran out unanswered; within its lifetime the approval is asked again. */
  | { readonly status: 'expired' }
  /** An answer was given and is lost; the person has to be asked again. */
  | { readonly status: 'answer_lost' }
  /** Definite and not worth another poll: a server that granted other than was asked, a broken request. */
  | { readonly status: 'failed'; readonly detail: string }

/** An answer that arrived by itself, once the channel has verified it. */
export interface VerifiedAnswer {
  /** Of the question that was answered, as the verified answer itself names it. */
  readonly approvalId: string
  readonly questionId: string
  /** Who answered. A verified identity has to be that of a user who is present; for any other object the channel vouches. */
  readonly approver: Approver
  readonly decision: 'approved' | 'denied'
  /** How the channel knows. Kept with the record and shown to its owner: no secrets. Plain JSON of at most 16 KiB. */
  readonly evidence: JsonObject
  /** Epoch seconds: when the person answered. */
  readonly at: number
}

export interface ChannelContext extends RequestOptions {
  readonly authorizationServers: AuthorizationServers
  readonly clock: Clock
}

/** What every channel has. */
export interface ChannelBase {
  readonly specificationVersion: 2
  /** Why this channel cannot work with a provider, and the fix, in words. Asked at construction; does no I/O. */
  checkProfile?(profile: Profile): string | undefined
  /** The answer can carry a token bound to the details: what A9 (a) needs. Told per issuer. */
  carriesCredential?(question: Omit<ApprovalQuestion, 'credential'>, context: ChannelContext): boolean
  /** What is wrong with a message here, in words. Asked before anything is stored or sent. */
  checkMessage?(message: string, approver: Approver, context: ChannelContext): string | undefined
  /** @throws TransportError Nothing is known: the question is sent again. */
  ask(question: ApprovalQuestion, context: ChannelContext): Promise<Asked>
  /** @throws TransportError Nothing is known: the question stays open, nothing is lost. */
  poll?(asked: Asked, question: ApprovalQuestion, context: ChannelContext): Promise<Answer>
  /**
   * Verifies what the app received. It is untrusted.
   *
   * @throws TransportError Nothing is known: the app may try again. After any other error, the answer proves nothing.
   */
  verify?(answer: unknown, context: ChannelContext): Promise<VerifiedAnswer>
  cancel?(asked: Asked, question: ApprovalQuestion, context: ChannelContext): Promise<void>
}

/** A channel whose answers are polled for. Answers may arrive by themselves as well. */
export type PolledChannel = ChannelBase & Required<Pick<ChannelBase, 'poll'>>

/** A channel whose answers arrive by themselves: the app's own pages, a chat, an e-mail. */
export type PushedChannel = ChannelBase & Required<Pick<ChannelBase, 'verify'>>

/** Asks a person. Core keeps the record and writes each answer; a channel delivers questions, and finds or verifies answers. */
export type ApprovalChannel = PolledChannel | PushedChannel

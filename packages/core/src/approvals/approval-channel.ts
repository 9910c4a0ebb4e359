import type { Profile } from '../authorization-server/profile.ts'
import type { AuthorizationServers, RequestOptions } from '../authorization-server/server.ts'
import type { Actor, Approver, AuthorizationDetail, JsonObject, UserIdentity } from '../contract/index.ts'
import type { Token } from '../credential/token.ts'
import type { Clock } from '../ports/index.ts'

/** What a channel has to ask a person. Computed once per approval and stored; the same on every send. */
export interface ApprovalQuestion {
  readonly approvalId: string
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
 * What the channel needs to look for the answer. Plain JSON; sealed into the record by core, never shown.
 */
export interface Asked {
  readonly state: JsonObject
  /** Shortest time between two polls, counted from a response to the next request. Seconds. @default 5 */
  readonly interval?: number
  /** Epoch seconds: when this delivery of the question expires. @default the question's own end, the latest possible */
  readonly expiresAt?: number
  /**
   * Epoch seconds: until then the answer comes by itself, and a watcher needs not look for it.
   * @default a watcher looks as often as everybody else
   */
  readonly watchFrom?: number
}

/** One look at the answer. */
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
  | { readonly status: 'denied'; readonly detail?: string }
  /** This delivery ran out unanswered; within its lifetime the approval is asked again. */
  | { readonly status: 'expired' }
  /** An answer was given and is lost; the person has to be asked again. */
  | { readonly status: 'answer_lost' }
  /** Definite and not worth another look: a server that granted other than was asked, a broken request. */
  | { readonly status: 'failed'; readonly detail: string }

export interface ChannelContext extends RequestOptions {
  readonly authorizationServers: AuthorizationServers
  readonly clock: Clock
}

/**
 * Asks a person. Core keeps the record; a channel only delivers the question and looks for the answer.
 *
 * Both methods throw `TransportError` when nothing is known: the question stays open, nothing is lost.
 */
export interface ApprovalChannel {
  readonly specificationVersion: 1
  /** Why this channel cannot work with a provider, and the fix, in words. Asked at construction; does no I/O. */
  checkProfile?(profile: Profile): string | undefined
  /** The answer can carry a token bound to the details: what A9 (a) needs. Told per issuer. */
  carriesCredential?(question: Omit<ApprovalQuestion, 'credential'>, context: ChannelContext): boolean
  /** What is wrong with a message here, in words. Asked before anything is stored or sent. */
  checkMessage?(message: string, approver: Approver, context: ChannelContext): string | undefined
  ask(question: ApprovalQuestion, context: ChannelContext): Promise<Asked>
  look(asked: Asked, question: ApprovalQuestion, context: ChannelContext): Promise<Answer>
  cancel?(asked: Asked, question: ApprovalQuestion, context: ChannelContext): Promise<void>
}

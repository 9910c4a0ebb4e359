import * as z from 'zod/mini'
import type { Actor, AuthorizationDetail, Json, JsonObject, Owner, Principal } from '../base/contract/index.ts'
import type { Stored } from '../records/index.ts'
import { ownerSchema, principalSchema } from '../records/stored-owner.ts'

/** The question for a person. It is computed once and stored. Every delivery and every poll use this text. */
export interface StoredQuestion {
  /** Random: a question that takes the place of another has another id. */
  readonly id: string
  readonly approver: Principal
  readonly message: string
  readonly details: readonly AuthorizationDetail[]
  readonly channel: string
  /**
   * The client that asks, at the approver's issuer: a server knows only requests of the same client. Empty if the
   * channel does not poll.
   */
  readonly client?: string | undefined
  /** Set if the answer's token is the credential itself (A9 a). */
  readonly credential?: { readonly resource: string; readonly scopes: readonly string[] }
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Ids of the equal runs in doubt that the message mentions (A13). */
  readonly toldInDoubt?: readonly string[] | undefined
  /** Time for which an answer may be used, in seconds. @default 900 */
  readonly useWithinSeconds?: number | undefined
  /** Time for which a second denial closes an equal call, in seconds. @default 600 */
  readonly askAgainAfterSeconds?: number | undefined
  /** Maximum number of times that it is sent without an answer. @default 3 */
  readonly maxSends?: number | undefined
  /** Version of the policy that asks. */
  readonly policyVersion: string
  /** Why the person is asked again (A7). */
  readonly again?: 'expired' | 'answer_lost' | undefined
  /** Set when a watcher has notified the app of the question's end. */
  readonly told?: true | undefined
  // At most one of the next three.
  /** Set if the channel refused to send it. */
  readonly refused?: { readonly why: string } | undefined
  readonly delivery?: Delivery | undefined
  readonly answer?: Approval | Denial | undefined
}

/** A yes. */
export interface Approval {
  readonly decision: 'approved'
  /** Time at which the person answered, in epoch seconds. If it is unknown, the earliest possible time. */
  readonly at: number
  /** Time at which the answer was found, in epoch seconds. Later than `at` if polls failed in between. */
  readonly foundAt: number
  /** Time at which an unused approval becomes void, in epoch seconds, by the clock of the store (A5). */
  readonly usableUntil: number
  /** Evidence of the channel. */
  readonly evidence?: JsonObject | undefined
  /** The approval's own token, if it is the credential. Never cached elsewhere (I2). */
  readonly token?:
    | {
        readonly value: string
        readonly scopes: readonly string[]
        readonly expiresAt?: number | undefined
        readonly actor?: Actor | undefined
        /** The key that it is bound to (RFC 7638). */
        readonly keyThumbprint?: string | undefined
      }
    | undefined
}

/** A no. */
export interface Denial {
  readonly decision: 'denied'
  /** Epoch seconds. */
  readonly at: number
  readonly why: string
  readonly evidence?: JsonObject | undefined
  /** Set if the approver allowed another question. */
  readonly reopened?: true
}

/** Delivery of the question, and the time of the next poll. */
export interface Delivery {
  readonly state: JsonObject
  /** Epoch seconds. */
  readonly expiresAt?: number
  /** Seconds. Each `slow_down` increases it permanently (A4). */
  readonly interval: number
  /** Epoch seconds. */
  readonly nextPollAt: number
  /** Epoch seconds. */
  readonly sentAt?: number
  /**
   * Time at which the question was last known to be unanswered, in epoch seconds: when it was sent, or at the last
   * poll.
   */
  readonly pendingAt?: number
  /** Time at which an answer arrived that could not be verified yet, in epoch seconds. */
  readonly receivedAt?: number
}

/** Result of the body, in the form in which it can be repeated. */
export type StoredResult =
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'undefined' }
  /** The result is not plain JSON, or too large to store: it can be returned only once. */
  | { readonly kind: 'not_storable' }

/** Who asked for a run or shares it; once it has started, who started it. */
export interface CalledBy {
  readonly owner: Owner
  readonly actor?: Actor | undefined
  readonly delegationId?: string | undefined
  /** Sessions of the calls that share the run. Absent if one of them has no session. */
  readonly sessionIds?: readonly string[] | undefined
  /** Time at which the proof of the request was made, in epoch seconds, if the proof states it. */
  readonly provenAt?: number | undefined
  /**
   * Linked accounts, by the names of their credentials, if the vault names accounts: those that the question was about,
   * or those that the run has used since it started.
   */
  readonly accounts?: Readonly<Record<string, string>> | undefined
}

/** The last body that started. */
export interface Attempt {
  /** Number of bodies that have started, this one included. */
  readonly number: number
  /** Epoch seconds. */
  readonly startedAt: number
  readonly runner: string
  /** Time from which an earlier attempt is in doubt, in epoch seconds of the store. This one proves nothing about it. */
  readonly earlierDoubt?: number | undefined
  /**
   * Time at which a caller had left before it got the result, and no equal call has got it since. Epoch seconds of the
   * store.
   */
  readonly undeliveredSince?: number | undefined
  /** Absent while the body runs, and when it returned. */
  readonly outcome?:
    | { readonly kind: 'in_doubt'; readonly since: number }
    | { readonly kind: 'no_effect' }
    /** A person's word. `since`: the doubt that it ended. */
    | { readonly kind: 'did_not_run'; readonly said: 'owner' | 'operator'; readonly since: number }
    | undefined
}

/** The end of a run. Epoch seconds. */
export type End =
  | { readonly how: 'completed'; readonly at: number; readonly result: StoredResult; readonly why?: undefined }
  | {
      readonly how: 'no_effect' | 'expired' | 'failed' | 'cancelled' | 'revoked'
      readonly at: number
      readonly why?: string | undefined
    }

/**
 * One run of a tool for one owner with one input: a question, an attempt and an end, each if there is one. Sealed at
 * rest as a whole. A transition replaces a part.
 */
export interface RunRecord {
  readonly v: 1
  readonly id: string
  readonly binding: string
  readonly tool: string
  /** The first parsed input. Every try of this run uses it (A12). */
  readonly input: Json
  /** Hashed slots: each of them sees this record's state and replays its result. */
  readonly slots: readonly string[]
  /** Never adopted by another slot. */
  readonly perCall: boolean
  /** What may follow a doubt: nothing, or another attempt with the same key. */
  readonly retry: 'never' | 'same_key'
  /** Epoch seconds. */
  readonly createdAt: number
  readonly by: CalledBy
  /** What bounds the questions of this run: how often one was sent, and how often one took the place of another. */
  readonly asked: { readonly sends: number; readonly replaced: number }
  readonly question?: StoredQuestion | undefined
  readonly attempt?: Attempt | undefined
  readonly end?: End | undefined
}

/** A run as it was read, with the version to swap it by. */
export type Entry = Stored<RunRecord>

/** Window in which the denials of one approver, for one tool of one owner, count together. Seconds. */
export const NOES_WINDOW_SECONDS = 600

/** Refusals are indexed by their time: one index of all of them would grow without end. Epoch seconds. */
export const bucketOf = (seconds: number): number => Math.floor(seconds / NOES_WINDOW_SECONDS)

/** Refusals with the same key count together: approver, owner and tool. */
export interface NoesKey {
  readonly owner: Owner
  readonly approver: Principal
  readonly tool: string
}

const text = z.string()
const seconds = z.number()

const question = z.looseObject({
  id: text,
  approver: principalSchema,
  expiresAt: seconds,
  delivery: z.optional(z.looseObject({ nextPollAt: seconds })),
  answer: z.optional(z.looseObject({ decision: z.enum(['approved', 'denied']), at: seconds })),
})

const attempt = z.looseObject({
  number: z.number(),
  runner: text,
  outcome: z.optional(z.looseObject({ kind: z.enum(['in_doubt', 'no_effect', 'did_not_run']) })),
})

const end = z.looseObject({
  how: z.enum(['completed', 'no_effect', 'expired', 'failed', 'cancelled', 'revoked']),
  at: seconds,
  result: z.optional(z.looseObject({ kind: z.enum(['json', 'undefined', 'not_storable']) })),
})

/**
 * Schema of a stored run: what its state is derived from, and what finds it. The seal proves that the SDK wrote the
 * rest.
 */
export const runRecord = z.looseObject({
  v: z.literal(1),
  id: text,
  slots: z.array(text),
  retry: z.enum(['never', 'same_key']),
  by: z.looseObject({ owner: ownerSchema }),
  question: z.optional(question),
  attempt: z.optional(attempt),
  end: z.optional(end),
})

const send = z.object({ by: text, run: text, question: text, at: seconds, until: seconds })

/** Schema of the list of what an approver was sent. */
export const sendList = z.object({ v: z.literal(1), sends: z.array(send) })

/** A question that was sent, or was about to be. `by`: its owner. Listed `until` then. Epoch seconds of the store. */
export type Send = z.infer<typeof send>

export type SendList = z.infer<typeof sendList>

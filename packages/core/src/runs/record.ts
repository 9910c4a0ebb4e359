import * as z from 'zod/mini'
import type { Actor, AuthorizationDetail, Json, JsonObject, Owner, Principal } from '../base/contract/index.ts'
import type { Stored } from '../records/index.ts'
import { ownerSchema, principalSchema } from '../records/principal-schema.ts'

/**
 * States to which a runner moves a run that was considered dead, was resolved as `did_not_run`, and has changed since.
 * As long as no other try has started, the runner's outcome counts (A2, A13).
 */
const cameBack = ['completed', 'crashed'] as const

/**
 * The states of a run, as docs/run.md draws them, each with the next ones. Each transition is a compare-and-swap on the
 * stored record.
 *
 * `crashed` is in doubt: the body started, and it is unknown whether it took effect. `threw`: the last allowed try
 * ended without effect. A `write` call that needs no question starts as `approved`.
 */
const next = {
  // Back to `requested`: the delivery expired, or its answer was lost, and the person is asked again (A7).
  requested: ['pending', 'denied', 'expired', 'failed', 'cancelled', 'revoked', ...cameBack],
  pending: ['requested', 'approved', 'denied', 'expired', 'failed', 'cancelled', 'revoked', ...cameBack],
  // Back to `requested`: the approval does not fit the call any more (A11).
  approved: ['requested', 'running', 'expired', 'cancelled', 'revoked', ...cameBack],
  // Back to `approved`: the body had no effect, or never started. Back to `failed`: never started, and it was not sent.
  running: ['completed', 'threw', 'crashed', 'approved', 'failed'],
  // `running`: `onCrash: 'retry'`, its own slot only.
  crashed: ['completed', 'threw', 'approved', 'running'],
  // `crashed`: its caller had left when the write returned, and the result cannot be stored.
  completed: ['crashed'],
  threw: cameBack,
  denied: cameBack,
  expired: cameBack,
  // The channel refused to send the question, so no person was asked. `running`: the call needs no question now.
  failed: ['requested', 'running', ...cameBack],
  cancelled: cameBack,
  revoked: cameBack,
} as const

export type RunState = keyof typeof next

const states = Object.keys(next) as RunState[]

const nextOf = (state: RunState): readonly RunState[] => next[state]

export const mayBecome = (from: RunState, to: RunState): boolean => from === to || nextOf(from).includes(to)

/** Maximum number of bodies that one run may start: a body without effect may be tried again. */
export const MAX_TRIES = 3

/** Returns whether a time has not come yet. `undefined`: it never comes. */
export const inTime = (end: number | undefined, now: number): boolean => end === undefined || now < end

/** Returns whether `onCrash: 'retry'` lets a run in doubt start again, with the same key. */
export const mayRunAgain = ({ state, onCrash, tries = 0, usableUntil }: RunRecord, now: number): boolean =>
  state === 'crashed' && onCrash === 'retry' && tries < MAX_TRIES && inTime(usableUntil, now)

/** Returns whether the run waits for an answer: the question was or will be sent. */
export const isUnanswered = ({ state }: RunRecord): boolean => state === 'requested' || state === 'pending'

/** Returns whether the run never started or had no effect, and may still start or be asked about again. */
export const isUnused = (record: RunRecord): boolean =>
  isUnanswered(record) || record.state === 'approved' || record.unsent === true

/** Returns whether a body may start from this state, once the run is entitled. */
export const isStartable = ({ state, unsent }: RunRecord): boolean =>
  state === 'approved' || state === 'crashed' || unsent === true

/** Returns the name of a run's last try, of which a question may tell. */
export const tryOf = ({ record: { id, tries = 0 } }: Entry): string => `${id} ${tries}`

/** Returns whether only the runner can still change the run, or a call that asks again. */
export const isSettled = (state: RunState): boolean => nextOf(state).every((to) => nextOf('failed').includes(to))

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
  readonly toldInDoubt?: readonly string[]
  /** Time for which an answer may be used, in seconds. @default 900 */
  readonly useWithinSeconds?: number
  /** Time for which a second denial closes an equal call, in seconds. @default 600 */
  readonly askAgainAfterSeconds?: number
  /** Maximum number of times that it is sent without an answer. @default 3 */
  readonly maxSends?: number
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

/** One run of a tool for one owner with one input. Sealed at rest as a whole. */
export interface RunRecord {
  readonly v: 1
  readonly id: string
  readonly state: RunState
  readonly binding: string
  readonly tool: string
  readonly policyVersion: string
  readonly owner: Owner
  readonly actor?: Actor
  readonly delegationId?: string
  /** Sessions of the calls that share the run. Absent if one of them has no session. */
  readonly sessionIds?: readonly string[]
  /** Time at which the proof of the request was made, in epoch seconds, if the proof states it. */
  readonly provenAt?: number
  /**
   * Linked accounts, by the names of their credentials, if the vault names accounts: those that the question was about,
   * or those that the run has used since it started.
   */
  readonly accounts?: Readonly<Record<string, string>>
  /** The first parsed input. Every try of this run uses it (A12). */
  readonly input: Json
  /** Hashed slots: each of them sees this record's state and replays its result. */
  readonly slots: readonly string[]
  /** Never adopted by another slot. */
  readonly perCall: boolean
  readonly onCrash: 'report' | 'retry'
  /** Epoch seconds. */
  readonly createdAt: number
  readonly question?: StoredQuestion
  readonly delivery?: Delivery
  /** Number of times that the question was sent. */
  readonly sends: number
  /** Number of times that a question replaced another one. */
  readonly replaced?: number
  /** Reason why the person is asked again, or why the run cannot succeed. For the operator. */
  readonly note?: string
  /**
   * True only with `failed`: the channel refused to send the question. The next call of the slot asks again, or needs
   * no question.
   */
  readonly unsent?: boolean
  /** Time at which the person answered, in epoch seconds. If it is unknown, the earliest possible time. */
  readonly answeredAt?: number
  /** Time at which the answer was found, in epoch seconds. Later than `answeredAt` if polls failed in between. */
  readonly foundAt?: number
  /** Evidence of the channel for the answer. */
  readonly evidence?: JsonObject
  /** Time at which an unused approval becomes void, in epoch seconds, by the clock of the store (A5). */
  readonly usableUntil?: number
  /** The approval's own token, if it is the credential. Never cached elsewhere (I2). */
  readonly token?: {
    readonly value: string
    readonly scopes: readonly string[]
    readonly expiresAt?: number
    readonly actor?: Actor
    /** The key that it is bound to (RFC 7638). */
    readonly keyThumbprint?: string
  }
  /** Runner of the body. Absent if the body had no effect. */
  readonly runner?: string
  /** Number of times that a body started. */
  readonly tries?: number
  /** Time at which the last body started, in epoch seconds. */
  readonly startedAt?: number
  /**
   * Time from which the run is in doubt, in epoch seconds by the store's clock. If the run is not `crashed`, its owner
   * has said since that it did not run. An approver who is another person has to be told (A13).
   */
  readonly inDoubtSince?: number
  /**
   * Only with `completed`: the time by the store's clock, in epoch seconds, at which the caller had left before it got
   * the result, and no equal call has got it since.
   */
  readonly undeliveredSince?: number
  readonly endedAt?: number
  readonly result?: StoredResult
  /** Set on a denial if the approver allowed another question. */
  readonly reopened?: boolean
  /** Whether a watcher notified the app of the question's end. */
  readonly told?: boolean
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
const json = z.json()
const scopes = z.array(text)

const actor = z.looseObject({ subject: text })

const question = z.object({
  id: text,
  approver: principalSchema,
  message: text,
  details: z.array(z.looseObject({ type: text })),
  channel: text,
  client: z.optional(text),
  credential: z.optional(z.object({ resource: text, scopes })),
  expiresAt: seconds,
  toldInDoubt: z.optional(z.array(text)),
  useWithinSeconds: z.optional(seconds),
  askAgainAfterSeconds: z.optional(seconds),
  maxSends: z.optional(z.number()),
})

const result = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('json'), value: json }),
  z.object({ kind: z.literal('undefined') }),
  z.object({ kind: z.literal('not_storable') }),
])

/** Schema of a stored run. */
export const runRecord = z.object({
  v: z.literal(1),
  id: text,
  state: z.enum(states),
  binding: text,
  tool: text,
  policyVersion: text,
  owner: ownerSchema,
  actor: z.optional(actor),
  delegationId: z.optional(text),
  sessionIds: z.optional(z.array(text)),
  provenAt: z.optional(seconds),
  accounts: z.optional(z.record(text, text)),
  input: json,
  slots: z.array(text),
  perCall: z.boolean(),
  onCrash: z.enum(['report', 'retry']),
  createdAt: seconds,
  question: z.optional(question),
  delivery: z.optional(
    z.object({
      state: z.record(text, json),
      expiresAt: z.optional(seconds),
      interval: seconds,
      nextPollAt: seconds,
      sentAt: z.optional(seconds),
      pendingAt: z.optional(seconds),
      receivedAt: z.optional(seconds),
    }),
  ),
  sends: z.number(),
  replaced: z.optional(z.number()),
  note: z.optional(text),
  unsent: z.optional(z.boolean()),
  answeredAt: z.optional(seconds),
  foundAt: z.optional(seconds),
  evidence: z.optional(z.record(text, json)),
  usableUntil: z.optional(seconds),
  token: z.optional(
    z.object({
      value: text,
      scopes,
      expiresAt: z.optional(seconds),
      actor: z.optional(actor),
      keyThumbprint: z.optional(text),
    }),
  ),
  runner: z.optional(text),
  tries: z.optional(z.number()),
  startedAt: z.optional(seconds),
  inDoubtSince: z.optional(seconds),
  undeliveredSince: z.optional(seconds),
  endedAt: z.optional(seconds),
  result: z.optional(result),
  reopened: z.optional(z.boolean()),
  told: z.optional(z.boolean()),
})

const send = z.object({ by: text, run: text, question: text, at: seconds, until: seconds })

/** Schema of the list of what an approver was sent. */
export const sendList = z.object({ v: z.literal(1), sends: z.array(send) })

/** A question that was sent, or was about to be. `by`: its owner. Listed `until` then. Epoch seconds of the store. */
export type Send = z.infer<typeof send>

export type SendList = z.infer<typeof sendList>

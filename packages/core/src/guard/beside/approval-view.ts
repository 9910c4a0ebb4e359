import {
  type AuthorizationDetail,
  type Identity,
  isSamePrincipal,
  type JsonObject,
  type Principal,
} from '../../base/contract/index.ts'
import { isPerson } from '../../identity/present-user.ts'
import { isSameCaller } from '../../runs/caller.ts'
import { secondsToPoll } from '../../runs/poll-times.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'

/** An owner's view of a run. Contains no token, no `auth_req_id` and no input. */
export interface ApprovalView {
  /** Id of the approval, made by the guard. */
  readonly id: string
  /** Name of the tool whose call needs the approval. */
  readonly tool: string
  /** Text of the question. Empty for a `write` call without a question. */
  readonly message: string
  /** The same in structured form. */
  readonly details: readonly AuthorizationDetail[]
  /** Current state of the approval. */
  readonly state: 'open' | 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked' | 'used'
  /** State of the run that used the approval. `crashed`: its outcome is unknown until `resolve` records it. */
  readonly run?: 'running' | 'completed' | 'threw' | 'crashed'
  /** Person who is asked. Absent if no question was asked. */
  readonly approver?: Principal
  /** Epoch seconds. */
  readonly createdAt: number
  /** Time at which the question expires, or the approval becomes void, in epoch seconds. */
  readonly expiresAt: number
  /** Time until the next poll may find a change, in seconds. Open questions only. */
  readonly interval?: number
  /** Evidence of the channel for the answer, if it gave some. */
  readonly evidence?: JsonObject
}

/** An approver's view: the question, and whether it is still open (A8). */
export interface ApproverView extends Pick<ApprovalView, 'id' | 'message' | 'details' | 'state' | 'expiresAt'> {
  /** Id of the question, for an answer. */
  readonly questionId: string
}

export function ownerView({ record }: Entry, now: number): ApprovalView {
  const { id, tool, question, state, usableUntil, createdAt, evidence } = record
  const base = {
    id,
    tool,
    message: question?.message ?? '',
    details: question?.details ?? [],
    createdAt,
    expiresAt: (state === 'approved' ? usableUntil : undefined) ?? question?.expiresAt ?? 0,
    ...(question !== undefined && { approver: question.approver }),
    ...(evidence !== undefined && { evidence }),
  }
  switch (state) {
    case 'requested':
    case 'pending':
      return { ...base, state: 'open', interval: secondsToPoll(record, now) }
    case 'running':
    case 'completed':
    case 'threw':
    case 'crashed':
      return { ...base, state: 'used', run: state }
    default:
      return { ...base, state }
  }
}

export function approverView(entry: Entry, now: number): ApproverView {
  const { id, message, details, state, expiresAt } = ownerView(entry, now)
  return { id, questionId: entry.record.question?.id ?? '', message, details, state, expiresAt }
}

/**
 * Returns whether a run belongs to this identity. A present user owns all runs that were started for them. A party that
 * acts for a user, a job, and an agent without a user own only the runs that they started: by the same client, actor
 * and delegation.
 */
export function owns(identity: Identity, record: RunRecord): boolean {
  return isSamePrincipal(identity, record.owner) && (isPerson(identity) || isSameCaller(record, identity))
}

/** Returns whether this person is the named approver, and is present. */
export function isAsked(identity: Identity, { question }: RunRecord): boolean {
  return isPerson(identity) && isSamePrincipal(question?.approver, identity)
}

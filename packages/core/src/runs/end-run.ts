import type { Identity } from '../base/contract/index.ts'
import { releaseToken } from '../oauth/tokens/release-token.ts'
import { isSameCaller, MAX_SESSIONS } from './caller.ts'
import type { ApprovalChannel, ChannelContext } from './channels/approval-channel.ts'
import { isSentOut, unask } from './deliver-question.ts'
import { recordCrash } from './find-run.ts'
import type { CalledBy, Entry, RunRecord, StoredQuestion, StoredResult } from './record.ts'
import {
  approvalOf,
  closed,
  completed,
  isUnanswered,
  isUnsent,
  isUnused,
  MAX_TRIES,
  stateOf,
  unasked,
} from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** The channel to tell that an answer is no longer needed, and the context of that call. */
export interface Unasking {
  readonly channel: ApprovalChannel | undefined
  readonly context: ChannelContext
}

/** A question that ended: the current record, and the state before it, for those that must be notified. */
export interface EndedUnused {
  readonly entry: Entry
  /**
   * Tells a channel that has `cancel` that the answer is no longer needed, and revokes the approval's token at its
   * server. Never fails: only the record decides.
   */
  tell(unasking: Unasking): Promise<void>
}

/**
 * Ends a question whose approval is unused: `requested | pending | approved -> cancelled | revoked`. Does not stop a
 * body that runs, and does not change a run that has ended.
 *
 * @param hasLeft - Whether a slot of the run has another run now. Then only an open question that no other slot waits for
 *   ends: a yes stays.
 */
export async function endUnused(
  runStore: RunStore,
  entry: Entry,
  how: 'cancelled' | 'revoked',
  hasLeft = false,
): Promise<EndedUnused> {
  let before: RunRecord | undefined
  const ended = await runStore.update(entry, (record) => {
    // What may have taken effect stays in doubt, and is not tried again.
    const state = stateOf(record)
    if (state === 'crashed') return reported(record)
    if (hasLeft ? record.slots.length > 1 || !isUnanswered(record) : !isUnanswered(record) && state !== 'approved') {
      // The record is already in this state: this write's response was lost, or another caller wrote it and notifies.
      if (state !== how) before = undefined
      return undefined
    }
    before = record
    const at = runStore.now()
    // A runner that was considered dead may still finish. If it leaves its run in doubt, this approval does not start
    // the run again.
    return { ...record, question: unasked(record.question), retry: 'never', end: { how, at } }
  })
  return { entry: ended, tell: tellingOf(before) }
}

/** Marks a run in doubt that must not be tried again, since its entitlement has ended. */
export function reportCrash(runStore: RunStore, entry: Entry): Promise<Entry> {
  return runStore.update(entry, reported)
}

function reported(record: RunRecord): RunRecord | undefined {
  const isRetried = stateOf(record) === 'crashed' && record.retry === 'same_key'
  return isRetried ? { ...record, question: closed(record.question), retry: 'never' } : undefined
}

/** The question that replaces that of a run that never started, and who asks it. */
export interface NewQuestion {
  readonly question: StoredQuestion
  readonly by: CalledBy
}

/**
 * Maximum number of times that a run's question is replaced: callers with different questions must not ask without end.
 */
const MAX_REPLACED = 3

/**
 * Replaces the question under the same id and idempotency key: `requested | pending | approved -> requested`, and
 * `failed -> requested` where the channel refused to send it. Does not change a run that has started, or one whose
 * question another caller has replaced meanwhile. Replaces a question that a person has received only once; after that,
 * the call waits for their answer.
 *
 * @param isPolled - Whether the question was polled just now. Else a denial since the last poll would be lost.
 */
export async function replaceQuestion(
  runStore: RunStore,
  entry: Entry,
  asked: NewQuestion,
  isPolled: boolean,
): Promise<EndedUnused> {
  let before: RunRecord | undefined
  const replaced = await runStore.update(entry, (record) => {
    before = undefined
    if (!isUnused(record) || record.question?.id !== entry.record.question?.id) return undefined
    const state = stateOf(record)
    const { sends, replaced } = record.asked
    if (state === 'pending' && (replaced > 0 || !isPolled)) return undefined
    before = record
    const next = {
      sends: state === 'approved' ? 0 : sends,
      // A question that was never sent does not count: no person saw it.
      replaced: state === 'requested' || isUnsent(record) ? replaced : replaced + 1,
    }
    if (next.replaced <= MAX_REPLACED && !isSentOut(next.sends, asked.question))
      return { ...record, ...asked, asked: next }
    const end = { how: 'expired', at: runStore.now(), why: 'the person was asked too often' } as const
    return { ...record, question: unasked(record.question), end }
  })
  return { entry: replaced, tell: tellingOf(before) }
}

function tellingOf(was: RunRecord | undefined): EndedUnused['tell'] {
  return async ({ channel, context }) => {
    if (was !== undefined) await Promise.all([unask(was, channel, context), release(was, context)])
  }
}

/**
 * Returns the token to release. If the token was the credential itself, approver and owner have the same issuer (A9 a).
 */
async function release(record: RunRecord, context: ChannelContext): Promise<void> {
  const token = approvalOf(record)?.token
  if (token === undefined) return
  const { issuer } = record.by.owner
  await releaseToken(context.authorizationServers, { issuer, token: token.value, hint: 'access_token' })
}

/** What a person says of a run in doubt. */
export interface Resolution {
  readonly what: 'ran' | 'did_not_run'
  /** @default the run has no result that can be returned */
  readonly result?: StoredResult | undefined
  /** Only the word of an operator ends the doubt for an approver who is not the owner (A13). */
  readonly by: 'owner' | 'operator'
}

/**
 * Resolves a run whose process died during the body (A5): `crashed -> completed`, with its result if that is known, or
 * back to what its question implies, such as `approved`: it may run again while its approval is valid, three times in
 * all.
 *
 * A run in any other state does not change.
 */
export async function resolveCrash(
  runStore: RunStore,
  entry: Entry,
  { what, by, result = { kind: 'not_storable' } }: Resolution,
): Promise<Entry> {
  return runStore.update(await recordCrash(runStore, entry), (record) => {
    const { attempt } = record
    if (attempt?.outcome?.kind !== 'in_doubt') return undefined
    const at = runStore.now()
    const { since } = attempt.outcome
    // The runner stays in the record: a runner that was considered dead may still return with the result.
    if (what === 'ran') return completed(record, result, at)
    return {
      ...record,
      attempt: { ...attempt, undeliveredSince: undefined, outcome: { kind: 'did_not_run', said: by, since } },
      end: attempt.number < MAX_TRIES ? undefined : { how: 'no_effect', at },
    }
  })
}

/**
 * Records a session whose call shares a run of the same caller that has not started. Then the end of one session does
 * not end the run for the others. If a call without a session shares the run, no session ends it.
 */
export function shareRun(runStore: RunStore, entry: Entry, identity: Identity): Entry | Promise<Entry> {
  const sessionId = identity.kind === 'user' ? identity.sessionId : undefined
  const shared = (record: RunRecord): RunRecord | undefined => {
    const { sessionIds, ...by } = record.by
    if (!isUnused(record) || sessionIds === undefined || !isSameCaller(record, identity)) return undefined
    if (sessionId === undefined) return { ...record, by }
    if (sessionIds.includes(sessionId)) return undefined
    return { ...record, by: { ...by, sessionIds: [...sessionIds, sessionId].slice(-MAX_SESSIONS) } }
  }
  if (shared(entry.record) === undefined) return entry
  // A question that was asked with a revoked proof is not adopted.
  return runStore.isRevoked(entry.record).then((isRevoked) => (isRevoked ? entry : runStore.update(entry, shared)))
}

/** Ends the open runs of a session, as {@link endUnused} does. Runs that others share continue without it. */
export async function endForSession(runStore: RunStore, entry: Entry, sessionId: string): Promise<EndedUnused> {
  let isShared = false
  const left = await runStore.update(entry, (record) => {
    const { sessionIds = [] } = record.by
    const others = sessionIds.filter((other) => other !== sessionId)
    isShared = isUnused(record) && others.length > 0
    return isShared && others.length < sessionIds.length
      ? { ...record, by: { ...record.by, sessionIds: others } }
      : undefined
  })
  return isShared ? { entry: left, tell: async () => {} } : endUnused(runStore, left, 'revoked')
}

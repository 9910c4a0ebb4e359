import type { Identity } from '../base/contract/index.ts'
import { defined } from '../base/values/index.ts'
import { releaseToken } from '../oauth/tokens/release-token.ts'
import { type CalledBy, isSameCaller, MAX_SESSIONS } from './caller.ts'
import type { ApprovalChannel, ChannelContext } from './channels/approval-channel.ts'
import { isSentOut, unask } from './deliver-question.ts'
import { recordCrash } from './find-run.ts'
import { type Entry, isUnused, MAX_TRIES, type RunRecord, type StoredResult } from './record.ts'
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
 */
export async function endUnused(
  runStore: RunStore,
  entry: Entry,
  state: 'cancelled' | 'revoked',
): Promise<EndedUnused> {
  let before: RunRecord | undefined
  const ended = await runStore.update(entry, (record) => {
    // What may have taken effect stays in doubt, and is not tried again.
    if (record.state === 'crashed') return reported(record)
    if (record.state !== 'requested' && record.state !== 'pending' && record.state !== 'approved') {
      // The record is already in this state: this write's response was lost, or another caller wrote it and notifies.
      if (record.state !== state) before = undefined
      return undefined
    }
    before = record
    const { token: _, delivery: __, answeredAt: ___, ...rest } = record
    // A runner that was considered dead may still finish. If it leaves its run in doubt, this approval does not start
    // the run again.
    return { ...rest, state, onCrash: 'report', endedAt: runStore.now() }
  })
  return { entry: ended, tell: tellingOf(before) }
}

/** Marks a run in doubt that must not be tried again, since its entitlement has ended. */
export function reportCrash(runStore: RunStore, entry: Entry): Promise<Entry> {
  return runStore.update(entry, reported)
}

function reported({ token: _, ...record }: RunRecord): RunRecord | undefined {
  return record.state === 'crashed' && record.onCrash === 'retry' ? { ...record, onCrash: 'report' } : undefined
}

/** The question and its terms that replace those of a run that never started. */
export type NewQuestion = Required<Pick<RunRecord, 'question' | 'policyVersion'>> & CalledBy

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
    const { state, replaced = 0 } = record
    if (state === 'pending' && (replaced > 0 || !isPolled)) return undefined
    before = record
    const { token: _, delivery: __, note: ___, told: ____, unsent, endedAt: _____, ...answered } = record
    const { answeredAt: _at, foundAt: _f, usableUntil: _u, evidence: _e, ...rest } = answered
    const { actor: _a, delegationId: _d, sessionIds: _s, provenAt: _p, accounts: _c, ...kept } = rest
    // A question that was never sent does not count: no person saw it.
    const counted = state === 'requested' || unsent ? replaced : replaced + 1
    const isTooMuch = counted > MAX_REPLACED || (state !== 'approved' && isSentOut(record.sends, asked.question))
    if (isTooMuch) return { ...kept, state: 'expired', note: 'the person was asked too often', endedAt: runStore.now() }
    return { ...kept, ...asked, state: 'requested', replaced: counted, ...(state === 'approved' && { sends: 0 }) }
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
async function release({ token, owner: { issuer } }: RunRecord, context: ChannelContext): Promise<void> {
  if (token === undefined) return
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
 * `crashed -> approved`: it may run again while its approval is valid, three times in all.
 *
 * A run in any other state does not change.
 */
export async function resolveCrash(
  runStore: RunStore,
  entry: Entry,
  { what, by, result = { kind: 'not_storable' } }: Resolution,
): Promise<Entry> {
  return runStore.update(await recordCrash(runStore, entry), (record) => {
    if (record.state !== 'crashed') return undefined
    // The runner stays in the record: a runner that was considered dead may still return with the result.
    const { token, inDoubtSince, undeliveredSince: _, ...rest } = record
    if (what === 'ran') return { ...rest, state: 'completed', result, endedAt: runStore.now() }
    const word = by === 'owner' ? defined({ token, inDoubtSince }) : defined({ token })
    if ((record.tries ?? 0) >= MAX_TRIES) return { ...rest, ...word, state: 'threw', endedAt: runStore.now() }
    return { ...rest, ...word, state: 'approved' }
  })
}

/**
 * Records a session whose call shares a run of the same caller that has not started. Then the end of one session does
 * not end the run for the others. If a call without a session shares the run, no session ends it.
 */
export function shareRun(runStore: RunStore, entry: Entry, identity: Identity): Entry | Promise<Entry> {
  const sessionId = identity.kind === 'user' ? identity.sessionId : undefined
  const shared = (record: RunRecord): RunRecord | undefined => {
    const { sessionIds, ...rest } = record
    if (!isUnused(record) || sessionIds === undefined || !isSameCaller(record, identity)) return undefined
    if (sessionId === undefined) return rest
    if (sessionIds.includes(sessionId)) return undefined
    return { ...rest, sessionIds: [...sessionIds, sessionId].slice(-MAX_SESSIONS) }
  }
  if (shared(entry.record) === undefined) return entry
  // A question that was asked with a revoked proof is not adopted.
  return runStore.isRevoked(entry.record).then((isRevoked) => (isRevoked ? entry : runStore.update(entry, shared)))
}

/** Ends the open runs of a session, as {@link endUnused} does. Runs that others share continue without it. */
export async function endForSession(runStore: RunStore, entry: Entry, sessionId: string): Promise<EndedUnused> {
  let isShared = false
  const left = await runStore.update(entry, (record) => {
    const { sessionIds = [] } = record
    const others = sessionIds.filter((other) => other !== sessionId)
    isShared = isUnused(record) && others.length > 0
    return isShared && others.length < sessionIds.length ? { ...record, sessionIds: others } : undefined
  })
  return isShared ? { entry: left, tell: async () => {} } : endUnused(runStore, left, 'revoked')
}

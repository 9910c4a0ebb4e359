import type { Identity } from '../contract/index.ts'
import { callerOf, isSameCaller, MAX_SESSIONS } from './caller.ts'
import { type EndedUnused, endUnused } from './end-run.ts'
import type { Ledger } from './ledger.ts'
import { type Entry, isUnused, type RunRecord } from './record.ts'

/**
 * Notes a session whose call shares a run of the same caller that nobody has started, so that the end of one session does
 * not end it for the others. A run that a call of no session shares is ended by none.
 */
export function shareRun(ledger: Ledger, entry: Entry, identity: Identity): Entry | Promise<Entry> {
  const caller = callerOf(identity)
  const sessionId = identity.kind === 'user' ? identity.sessionId : undefined
  const shared = (record: RunRecord): RunRecord | undefined => {
    const { sessionIds, ...rest } = record
    if (!isUnused(record) || sessionIds === undefined || !isSameCaller(record, caller)) return undefined
    if (sessionId === undefined) return rest
    if (sessionIds.includes(sessionId)) return undefined
    return { ...rest, sessionIds: [...sessionIds, sessionId].slice(-MAX_SESSIONS) }
  }
  if (shared(entry.record) === undefined) return entry
  // What was asked with a revoked proof is not taken over.
  return ledger.isRevoked(entry.record).then((isRevoked) => (isRevoked ? entry : ledger.update(entry, shared)))
}

/** Ends what a session alone has open, as {@link endUnused} does. What others share goes on without it. */
export async function endForSession(ledger: Ledger, entry: Entry, sessionId: string): Promise<EndedUnused> {
  let isShared = false
  const left = await ledger.update(entry, (record) => {
    const { sessionIds = [] } = record
    const others = sessionIds.filter((other) => other !== sessionId)
    isShared = isUnused(record) && others.length > 0
    return isShared && others.length < sessionIds.length ? { ...record, sessionIds: others } : undefined
  })
  return isShared ? { entry: left, tell: async () => {} } : endUnused(ledger, left, 'revoked')
}

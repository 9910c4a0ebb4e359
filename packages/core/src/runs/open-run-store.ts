import type { UserIdentity } from '../base/contract/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import { defined } from '../base/values/index.ts'
import { openStoreKeys, type StoreKeys } from '../records/index.ts'
import { Revocations } from '../records/revocation/index.ts'
import { type ApprovalAudit, auditing } from './approval-state.ts'
import type { RunRecord } from './record.ts'
import { RunStore } from './run-store.ts'

/** The store of an app's runs and questions, the same for guard, watcher and handlers. */
export interface OpenRunStoreOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
  readonly onState?: (record: RunRecord) => void
  /** Receives the events of questions, if there is no `onState`. */
  readonly audit?: ApprovalAudit | undefined
  /** @default those of the store, with a log position of their own */
  readonly revocations?: Revocations
}

/**
 * Opens the runs that a store holds.
 *
 * @throws ConfigurationError A durable store without keys, or invalid keys.
 */
export function openRunStore({
  store,
  keys,
  clock,
  audit,
  onState = audit && auditing(audit, clock),
  revocations = new Revocations(openStoreKeys(store, keys)),
}: OpenRunStoreOptions): RunStore {
  const opened = openStoreKeys(store, keys)
  const isRevoked = (record: RunRecord) => isRevokedRun(record, revocations, clock.now())
  return new RunStore({ ...opened, clock, isRevoked, onState })
}

/**
 * Returns whether the proofs of a run's requests were revoked since, by the names in the store now (I11).
 *
 * @param now - Epoch milliseconds.
 * @throws StoreError The store did not answer.
 */
async function isRevokedRun(record: RunRecord, revocations: Revocations, now: number): Promise<boolean> {
  const found = await Promise.all(proofsOf(record).map((proof) => revocations.findNow(proof, now)))
  return found.length > 0 && found.every((revoked) => revoked !== undefined)
}

/** One proof for each session that shares the run. An agent without a user has no proof that could be revoked. */
function proofsOf({ owner, actor, delegationId, sessionIds, provenAt }: RunRecord): readonly UserIdentity[] {
  const { subject, ...whose } = owner
  if (subject === undefined) return []
  const known = defined({ subject, actor, delegationId, provenAt })
  const proof: UserIdentity = { kind: 'user', ...whose, ...known, claims: {} }
  return sessionIds === undefined ? [proof] : sessionIds.map((sessionId) => ({ ...proof, sessionId }))
}

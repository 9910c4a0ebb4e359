import { openStoreKeys, type StoreKeys } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import { Revocations } from '../revocation/index.ts'
import { Ledger } from './ledger.ts'
import type { RunRecord } from './record.ts'
import { isRevokedRun } from './revoked-run.ts'

/** The store of an app's runs and questions, the same for guard, watcher and handlers. */
export interface OpenLedgerOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
  readonly onState?: (record: RunRecord) => void
  /** @default those of the store, with a log position of their own */
  readonly revocations?: Revocations
}

/**
 * Opens the ledger over a store.
 *
 * @throws ConfigurationError A durable store without keys, or keys that are none.
 */
export function openLedger({
  store,
  keys,
  clock,
  onState,
  revocations = new Revocations(openStoreKeys(store, keys)),
}: OpenLedgerOptions): Ledger {
  const opened = openStoreKeys(store, keys)
  const isRevoked = (record: RunRecord) => isRevokedRun(record, revocations, clock.now())
  return new Ledger({ ...opened, clock, isRevoked, ...(onState !== undefined && { onState }) })
}

import { openStoreKeys, type StoreKeys } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import { Ledger } from './ledger.ts'
import type { RunRecord } from './record.ts'

/** The store of an app's runs and questions, the same for guard, watcher and handlers. */
export interface OpenLedgerOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
  readonly onState?: (record: RunRecord) => void
}

/**
 * Opens the ledger over a store.
 *
 * @throws ConfigurationError A durable store without keys, or keys that are none.
 */
export function openLedger({ store, keys, clock, onState }: OpenLedgerOptions): Ledger {
  const opened = openStoreKeys(store, keys)
  return new Ledger({ ...opened, clock, ...(onState !== undefined && { onState }) })
}

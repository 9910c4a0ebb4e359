import type { Store } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'

/** The same store, which says that it outlives the process. */
export const durably = (store: Store): Store => overStore(store, { durable: true })

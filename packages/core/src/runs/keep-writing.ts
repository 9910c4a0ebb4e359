import { OpenWork } from '../base/process/async.ts'
import { isOutage, whileUnavailable } from '../records/index.ts'
import type { Entry } from './record.ts'
import type { RunStore } from './run-store.ts'

/**
 * Repeats a write for ten minutes while the store does not answer. It keeps no process alive. If the process ends first,
 * the next reader sees from the leases that it died.
 */
export const stubbornly = <Result>(write: () => Promise<Result>): Promise<Result> =>
  whileUnavailable(write, { seconds: 600, unref: true })

/** Writes that the store did not take yet, by the id of their run. */
const underWay = new WeakMap<RunStore, OpenWork<Promise<void>>>()

/**
 * Writes the result of a channel. The channel cannot repeat it: without it, the person would be asked again.
 *
 * If the store fails, the call ends with its error. The write continues in the background until the store accepts it.
 * Until then, `keptWrite` reports it, so that nothing is sent.
 */
export async function keepWriting(runStore: RunStore, id: string, write: () => Promise<Entry>): Promise<Entry> {
  try {
    return await write()
  } catch (error) {
    if (!isOutage(error)) throw error
    const writes = underWay.get(runStore) ?? new OpenWork<Promise<void>>()
    underWay.set(runStore, writes)
    const end = () => void writes.delete(id)
    writes.set(id, stubbornly(write).then(end, end))
    throw error
  }
}

/** The write of this run that is still under way in this process. Never rejects. */
export const keptWrite = (runStore: RunStore, id: string): Promise<void> | undefined => underWay.get(runStore)?.get(id)

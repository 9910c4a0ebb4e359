import { ConfigurationError } from '../../base/errors/index.ts'
import { advanceRun } from '../advance-run.ts'
import { channelThatAsked } from '../channels/channels-by-name.ts'
import { type Entry, isOpen, type RunRecord } from '../record.ts'
import { type WatchedAnswer, type WatcherSettings, wake } from './watch-options.ts'

/** Lease with which one watcher at a time notifies the app. It is renewed during the notification. Seconds. */
const TELLING_SECONDS = 60

const endings: readonly unknown[] = ['approved', 'denied', 'expired', 'failed', 'cancelled', 'revoked']

type Ended = RunRecord & Pick<WatchedAnswer, 'state'>

const isUntold = (record: RunRecord): record is Ended =>
  record.question !== undefined && record.told !== true && endings.includes(record.state)

/**
 * Advances one due question: sends it if it is unsent, polls for its answer, and notifies the app how it ended.
 * Persists each step before the next one, so that another watcher can continue after a crash.
 */
export async function watchEntry(entry: Entry, settings: WatcherSettings): Promise<'open' | 'told'> {
  const { runStore, channels, context } = settings
  const { question } = entry.record
  const channel = channelThatAsked(entry.record, channels, context.authorizationServers)
  // If the channel of this name belongs to another client, that client's app must be notified.
  if (channel === undefined && (isOpen(entry.record) || channels.has(question?.channel ?? ''))) {
    throw new ConfigurationError(
      'approvals',
      `a question went by channel ${JSON.stringify(question?.channel)} and client ${JSON.stringify(question?.client)}, and this watcher lacks one of them`,
    )
  }
  const settled = isOpen(entry.record) ? await advanceRun(runStore, entry, channel, context) : { entry }
  // A call that waits in this process need not wait until its own next poll.
  if (settled.entry.record.state !== 'pending') wake(entry.record.id)
  return isUntold(settled.entry.record) ? tell(settled.entry, settings) : 'open'
}

/** Notifies the app, at least once: the record is marked after the app has accepted the notification. */
async function tell(entry: Entry, { runStore, onAnswer }: WatcherSettings): Promise<'open' | 'told'> {
  const { id } = entry.record
  const lease = await runStore.lease(`telling:${id}`, TELLING_SECONDS)
  if (lease === undefined) return 'open'
  const stopRenewing = lease.keep()
  try {
    // Another watcher may have notified the app since this one read the record.
    const { record } = (await runStore.read(id)) ?? entry
    if (!isUntold(record)) return 'open'
    await onAnswer({ id, tool: record.tool, state: record.state, owner: { ...record.owner } })
    await runStore.update(entry, (now) => (isUntold(now) ? { ...now, told: true } : undefined))
    return 'told'
  } finally {
    stopRenewing()
    await lease.release()
  }
}

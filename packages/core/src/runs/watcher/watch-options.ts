import type { Owner } from '../../base/contract/index.ts'
import { checkValues, kinds, needed, upTo } from '../../base/values/index.ts'
import { type ChannelsOptions, type OpenedChannels, openChannels } from '../channels/channels-by-name.ts'

/** Result of a question. Contains no token. */
export interface WatchedAnswer {
  /** The id that the interrupt carried. */
  readonly id: string
  /** Name of the tool whose call needed the approval. */
  readonly tool: string
  /** State in which the question ended. */
  readonly state: 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked'
  /** The user for whom the agent acts. Proves nothing. */
  readonly owner: Owner
}

/** Options of {@link createWatcher}. */
export interface WatcherOptions extends ChannelsOptions {
  /**
   * Called when a question has ended: run the call again, under the same slot, as its owner. Called at least
   * once for each question, by one watcher at a time; when it rejects, it is called again later.
   */
  readonly onAnswer: (answer: WatchedAnswer) => void | Promise<void>
  /** Called with each fault, for logs. The question is polled again later. @default faults are not reported */
  readonly onFault?: (error: unknown, approvalId: string | undefined) => void
  /** Maximum of polls that start in one second, for each issuer. @default 50 */
  readonly maxPollsPerSecond?: number
  /** Maximum of polls at a time. A server that holds polls open needs more. @default 200 */
  readonly maxConcurrentPolls?: number
  /** Interval at which the store is asked for due questions, in milliseconds. @default 250 */
  readonly everyMs?: number
}

/** Checked settings of a watcher. */
export interface WatcherSettings extends OpenedChannels {
  readonly onAnswer: WatcherOptions['onAnswer']
  readonly onFault: NonNullable<WatcherOptions['onFault']>
  readonly maxPollsPerSecond: number
  readonly maxConcurrentPolls: number
  readonly everyMs: number
}

/** @throws ConfigurationError An option is unknown, missing or wrong. */
export function watcherSettings(options: WatcherOptions): WatcherSettings {
  const own = ['onAnswer', 'onFault', 'maxPollsPerSecond', 'maxConcurrentPolls', 'everyMs'] as const
  const opened = openChannels('createWatcher', options, own)
  const { onAnswer, onFault = () => {} } = options
  const polls = upTo(1_000_000, 0.001, 'polls')
  checkValues('createWatcher.', options, {
    onAnswer: needed(kinds.function),
    onFault: kinds.function,
    maxPollsPerSecond: polls,
    maxConcurrentPolls: polls,
    everyMs: kinds.timeoutMs,
  })
  return {
    ...opened,
    onAnswer,
    onFault,
    maxPollsPerSecond: options.maxPollsPerSecond ?? 50,
    maxConcurrentPolls: Math.ceil(options.maxConcurrentPolls ?? 200),
    everyMs: options.everyMs ?? 250,
  }
}

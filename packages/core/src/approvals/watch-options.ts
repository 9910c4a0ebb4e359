import { authorizationServers, type Profile, type ProfileOf, surroundingsOf } from '../authorization-server/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys, type StoreKeys } from '../lib/index.ts'
import type { Clock, Fetch, Store } from '../ports/index.ts'
import type { ApprovalChannel, ChannelContext } from './approval-channel.ts'
import { type ApprovalChannels, channelsByName } from './channels-by-name.ts'
import type { Ledger } from './ledger.ts'
import { openLedger } from './open-ledger.ts'
import type { Owner } from './owner.ts'
import { type ApprovalAudit, auditing } from './watch-audit.ts'

/** How a question ended. Holds no token. */
export interface WatchedAnswer {
  /** The id that the interrupt carried. */
  readonly id: string
  readonly tool: string
  readonly state: 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked'
  /** For whom the agent acts. Names a user; proves nothing. */
  readonly owner: Owner
}

/** Options of {@link createWatcher}. */
export interface WatcherOptions {
  /** As in `createGuard`. */
  readonly authorizationServer: Profile | ProfileOf
  /** As in `createGuard`: the channels under the same names. */
  readonly approvals: ApprovalChannels
  /** The guard's own store. */
  readonly store: Store
  /** The guard's own keys. @default none, for a memory store */
  readonly keys?: StoreKeys
  /**
   * Called when a question has ended: run the call again, under the same slot, as its owner. Called at least
   * once for each question, by one watcher at a time; when it rejects, it is called again later.
   */
  readonly onAnswer: (answer: WatchedAnswer) => void | Promise<void>
  /** Told of what went wrong, for logs; the question is looked at again later. @default nobody is told */
  readonly onFault?: (error: unknown, approvalId: string | undefined) => void
  /** Looks that begin in a second, for each issuer apart. @default 50 */
  readonly maxPollsPerSecond?: number
  /** Looks under way at a time. A server that holds polls open needs more. @default 200 */
  readonly maxConcurrentPolls?: number
  /** How often the store is asked for what is due, in milliseconds. @default 250 */
  readonly everyMs?: number
  /** @default answers that a watcher finds are in no audit */
  readonly audit?: ApprovalAudit
  /** @default the system's */
  readonly clock?: Clock
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** One request, milliseconds; polls have 40 s. @default 10_000 */
  readonly timeoutMs?: number
}

/** What a watcher was made of, checked. */
export interface WatcherSettings {
  readonly ledger: Ledger
  readonly channels: ReadonlyMap<string, ApprovalChannel>
  readonly context: ChannelContext
  readonly onAnswer: WatcherOptions['onAnswer']
  readonly onFault: NonNullable<WatcherOptions['onFault']>
  readonly maxPollsPerSecond: number
  readonly maxConcurrentPolls: number
  readonly everyMs: number
}

const optionKeys = [
  'authorizationServer',
  'approvals',
  'store',
  'keys',
  'onAnswer',
  'onFault',
  'maxPollsPerSecond',
  'maxConcurrentPolls',
  'everyMs',
  'audit',
  'clock',
  'fetch',
  'timeoutMs',
] as const satisfies readonly (keyof WatcherOptions)[]

/** @throws ConfigurationError An option is unknown, missing or wrong. */
export function watcherSettings(options: WatcherOptions): WatcherSettings {
  refuseUnknownKeys('createWatcher', options, optionKeys)
  const { authorizationServer, store, keys, onAnswer, onFault = () => {}, audit } = options
  if (authorizationServer === undefined) {
    throw new ConfigurationError('createWatcher.authorizationServer', 'give what createGuard got')
  }
  if (typeof onAnswer !== 'function' || typeof onFault !== 'function') {
    throw new ConfigurationError(
      `createWatcher.${typeof onAnswer === 'function' ? 'onFault' : 'onAnswer'}`,
      'give a function',
    )
  }
  const surroundings = surroundingsOf('createWatcher', options)
  const { clock } = surroundings
  const channels = channelsByName(options.approvals, authorizationServer)
  if (channels.size === 0) throw new ConfigurationError('createWatcher.approvals', 'give what createGuard got')
  return {
    ledger: openLedger({ store, keys, clock, ...(audit !== undefined && { onState: auditing(audit, clock) }) }),
    channels,
    context: { authorizationServers: authorizationServers(authorizationServer, surroundings), clock },
    onAnswer,
    onFault,
    maxPollsPerSecond: positive('maxPollsPerSecond', options.maxPollsPerSecond ?? 50),
    maxConcurrentPolls: positive('maxConcurrentPolls', Math.ceil(options.maxConcurrentPolls ?? 200)),
    everyMs: positive('everyMs', options.everyMs ?? 250),
  }
}

function positive(option: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value
  throw new ConfigurationError(`createWatcher.${option}`, 'give a positive number')
}

import type { Principal } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Clock, Fetch, Store } from '../../base/ports.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import { authorizationServers, clientAt, type ProfileOf } from '../../oauth/authorization-servers.ts'
import type { Profile } from '../../oauth/profiles/profile.ts'
import { type AuthorizationServers, surroundingsOf } from '../../oauth/server.ts'
import type { StoreKeys } from '../../records/index.ts'
import type { ApprovalAudit } from '../approval-state.ts'
import type { RunRecord } from '../record.ts'
import { openRunStore, type RunStore } from '../run-store.ts'
import type { ApprovalChannel, ChannelContext } from './approval-channel.ts'

/** One channel, or several by name. */
export type ApprovalChannels = ApprovalChannel | Readonly<Record<string, ApprovalChannel>>

/** Options of a guard, for code outside the guard that handles its questions. */
export interface ChannelsOptions {
  /** Same as in `createGuard`. */
  readonly authorizationServer: Profile | ProfileOf
  /** Same as in `createGuard`: the channels, under the same names. */
  readonly approvals: ApprovalChannels
  /** The guard's own store. */
  readonly store: Store
  /** The guard's own keys. @default none, for a memory store */
  readonly keys?: StoreKeys
  /** @default none: polled and pushed answers are not audited here */
  readonly audit?: ApprovalAudit
  /** @default the system's */
  readonly clock?: Clock
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** One request, milliseconds; polls have 40 s. @default 10_000 */
  readonly timeoutMs?: number
}

type Key = keyof ChannelsOptions
const optionKeys: readonly Key[] = ['authorizationServer', 'approvals', 'store', 'keys', 'audit', 'clock', 'fetch']

/** The channels of a guard, its questions, and the context that channels get. */
export interface OpenedChannels {
  readonly channels: ReadonlyMap<string, ApprovalChannel>
  readonly runStore: RunStore
  readonly context: ChannelContext
}

/** @throws ConfigurationError An option is unknown, missing or wrong. */
export function openChannels<Options extends ChannelsOptions>(
  name: string,
  options: Options,
  more: readonly Exclude<keyof Options, Key>[] = [],
): OpenedChannels {
  refuseUnknownKeys(name, options, [...optionKeys, 'timeoutMs', ...(more as readonly string[])])
  const { authorizationServer, store, keys, audit } = options
  if (authorizationServer === undefined) {
    throw new ConfigurationError(`${name}.authorizationServer`, 'give what createGuard got')
  }
  const surroundings = surroundingsOf(name, options)
  const { clock } = surroundings
  const channels = channelsByName(options.approvals, authorizationServer)
  if (channels.size === 0) throw new ConfigurationError(`${name}.approvals`, 'give what createGuard got')
  return {
    channels,
    runStore: openRunStore({ store, keys, clock, audit }),
    context: { authorizationServers: authorizationServers(authorizationServer, surroundings), clock },
  }
}

/**
 * Returns the app's channels by name. A single channel is `default`.
 *
 * With several authorization servers, a channel reports at its first use what it lacks there.
 *
 * @throws ConfigurationError A value is not a channel, has an unknown version, or cannot work with the only
 *   authorization server.
 */
export function channelsByName(
  approvals: ApprovalChannels | undefined,
  authorizationServer: Profile | ProfileOf,
): ReadonlyMap<string, ApprovalChannel> {
  if (approvals === undefined) return new Map()
  const channels = isChannel(approvals) ? { default: approvals } : approvals
  for (const [name, channel] of Object.entries(channels)) {
    if (!isChannel(channel) || channel.specificationVersion !== 2 || !(channel.poll ?? channel.verify)) {
      throw new ConfigurationError(
        `approvals.${name}`,
        'give an approval channel of specification version 2, with `poll` or `verify`, such as ciba()',
      )
    }
    const problem = typeof authorizationServer === 'function' ? undefined : channel.checkProfile?.(authorizationServer)
    if (problem !== undefined) {
      throw new ConfigurationError(isChannel(approvals) ? 'approvals' : `approvals.${name}`, problem)
    }
  }
  return new Map(Object.entries(channels))
}

/**
 * Returns the client under which a channel asks. Empty if the channel does not poll: then any client may continue the
 * question.
 */
export const askingClient = (
  channel: ApprovalChannel | undefined,
  approver: Principal | undefined,
  servers: AuthorizationServers,
): string | undefined => (channel?.poll ? approver && clientAt(servers, approver.issuer) : '')

/** Returns whether another client sent the question. A channel that does not poll has the client `''`. */
export const isOfAnotherClient = ({ question }: RunRecord, client: string | undefined): boolean =>
  (question?.client ?? client) !== client

/** Returns the channel by which this client sent the question of a run, if it did. */
export function channelThatAsked(
  record: RunRecord,
  channels: ReadonlyMap<string, ApprovalChannel>,
  servers: AuthorizationServers,
): ApprovalChannel | undefined {
  const channel = channels.get(record.question?.channel ?? '')
  return isOfAnotherClient(record, askingClient(channel, record.question?.approver, servers)) ? undefined : channel
}

function isChannel(value: unknown): value is ApprovalChannel {
  return typeof value === 'object' && value !== null && 'ask' in value && typeof value.ask === 'function'
}

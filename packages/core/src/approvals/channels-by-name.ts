import type { Profile, ProfileOf } from '../authorization-server/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import type { ApprovalChannel } from './approval-channel.ts'

/** One channel, or several by name. */
export type ApprovalChannels = ApprovalChannel | Readonly<Record<string, ApprovalChannel>>

/**
 * The channels that an app named; a single one is `default`.
 *
 * Of several authorization servers none is known yet: what a channel lacks there, it says at its first use.
 *
 * @throws ConfigurationError Something among them is no channel, is of a version that is not known, or cannot work
 *   with the one authorization server.
 */
export function channelsByName(
  approvals: ApprovalChannels | undefined,
  authorizationServer: Profile | ProfileOf,
): ReadonlyMap<string, ApprovalChannel> {
  if (approvals === undefined) return new Map()
  const channels = isChannel(approvals) ? { default: approvals } : approvals
  for (const [name, channel] of Object.entries(channels)) {
    if (!isChannel(channel) || channel.specificationVersion !== 1) {
      throw new ConfigurationError(`approvals.${name}`, 'give an approval channel, such as ciba()')
    }
    const problem = typeof authorizationServer === 'function' ? undefined : channel.checkProfile?.(authorizationServer)
    if (problem !== undefined) {
      throw new ConfigurationError(isChannel(approvals) ? 'approvals' : `approvals.${name}`, problem)
    }
  }
  return new Map(Object.entries(channels))
}

function isChannel(value: unknown): value is ApprovalChannel {
  return typeof value === 'object' && value !== null && 'ask' in value && typeof value.ask === 'function'
}

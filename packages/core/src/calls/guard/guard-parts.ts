import type { Clock, Fetch } from '../../base/ports/index.ts'
import type { OpenedStore } from '../../base/records/index.ts'
import type { AuthorizationServers } from '../../caller/authorization-server/server.ts'
import type { ApprovalChannel, ChannelContext } from '../../consent/approvals/approval-channel.ts'
import { channelThatAsked } from '../../consent/approvals/channels-by-name.ts'
import type { Entry } from '../../consent/approvals/record.ts'
import type { RunStore } from '../../consent/approvals/run-store.ts'
import type { Revocations } from '../../consent/revocation/index.ts'
import type { AccessChecker } from '../../rights/fga/access-checker.ts'
import type { RoleMap } from '../../rights/roles/role-map.ts'
import type { TokenCache } from '../../rights/token-exchange/token-cache.ts'
import type { Vault } from '../../rights/vault/vault.ts'
import type { Reporting } from './call-report.ts'
import type { AgentOptions } from './guard-options.ts'
import type { StepUps } from './step-up.ts'

/** Parts that identify the caller. */
export interface Callers {
  readonly servers: AuthorizationServers
  readonly revocations: Revocations
  readonly agent: AgentOptions
}

/** Parts that limit a call: roles, the agent's ceiling, and permissions. */
export interface Bounds {
  readonly roles: RoleMap | undefined
  readonly ceiling: ReadonlySet<string> | undefined
  readonly permissions: AccessChecker | undefined
  readonly agent: AgentOptions
  /** Denials of `permissions` are recorded and not enforced (F5). */
  readonly observe: boolean
  readonly clock: Clock
}

/** Parts that store runs and ask their questions. */
export interface Runs {
  readonly runStore: RunStore
  readonly channels: ReadonlyMap<string, ApprovalChannel>
  readonly servers: AuthorizationServers
  readonly revocations: Revocations
  readonly agent: AgentOptions
  readonly clock: Clock
}

/** Returns the channel that asked the question of a run, if the guard has it, and the arguments for its methods. */
export const channelOfRun = (
  { record }: Entry,
  { channels, servers, clock }: Runs,
  signal?: AbortSignal,
): { readonly channel: ApprovalChannel | undefined; readonly context: ChannelContext } => ({
  channel: channelThatAsked(record, channels, servers),
  context: { authorizationServers: servers, clock, ...(signal !== undefined && { signal }) },
})

/** Sources of the tokens of a call. */
export interface TokenSources {
  readonly tokens: TokenCache
  readonly servers: AuthorizationServers
  readonly revocations: Revocations
  readonly vault: Vault | undefined
  readonly agent: AgentOptions
  readonly clock: Clock
  readonly fetch: Fetch
  readonly timeoutMs: number
}

/** Checked parts of a guard. Each step names those that it uses. */
export interface GuardParts extends Reporting, Callers, Bounds, Runs, TokenSources {
  readonly maxInputBytes: number
  readonly stepUps: StepUps
  /** The store of the guard, and its keys. */
  readonly opened: OpenedStore
}

import type { Fetch } from '../base/ports.ts'
import type { AuthorizationServers } from '../oauth/server.ts'
import type { AccessChecker } from '../permissions/openfga/access-checker.ts'
import type { RoleMap } from '../permissions/roles/role-map.ts'
import type { OpenedStore } from '../records/index.ts'
import type { Revocations } from '../records/revocation/index.ts'
import type { ApprovalChannel, ChannelContext } from '../runs/channels/approval-channel.ts'
import { channelThatAsked } from '../runs/channels/channels-by-name.ts'
import type { Entry } from '../runs/record.ts'
import type { RunStore } from '../runs/run-store.ts'
import type { TokenCache } from '../token-exchange/token-cache.ts'
import type { Vault } from '../vault/vault.ts'
import type { Reporting } from './call/call-report.ts'
import type { AgentOptions } from './guard-options.ts'
import type { StepUps } from './steps/step-up.ts'

/** Checked parts of a guard. Each step names those that it uses. */
export interface GuardParts extends Reporting {
  readonly agent: AgentOptions
  readonly ceiling: ReadonlySet<string> | undefined
  readonly channels: ReadonlyMap<string, ApprovalChannel>
  readonly fetch: Fetch
  readonly maxInputBytes: number
  /** The store of the guard, and its keys. */
  readonly opened: OpenedStore
  readonly permissions: AccessChecker | undefined
  readonly revocations: Revocations
  readonly roles: RoleMap | undefined
  readonly runStore: RunStore
  readonly servers: AuthorizationServers
  readonly stepUps: StepUps
  readonly timeoutMs: number
  readonly tokens: TokenCache
  readonly vault: Vault | undefined
}

/** Parts that identify the caller. */
export type Callers = Pick<GuardParts, 'agent' | 'revocations' | 'servers'>

/** Parts that limit a call: roles, the agent's ceiling, and permissions. */
export type Bounds = Pick<GuardParts, 'agent' | 'ceiling' | 'clock' | 'observe' | 'permissions' | 'roles'>

/** Parts that store runs and ask their questions. */
export type Runs = Pick<GuardParts, 'agent' | 'channels' | 'clock' | 'revocations' | 'runStore' | 'servers'>

/** Sources of the tokens of a call. */
export type TokenSources = Callers & Pick<GuardParts, 'clock' | 'fetch' | 'timeoutMs' | 'tokens' | 'vault'>

/** Returns the channel that asked the question of a run, if the guard has it, and the arguments for its methods. */
export const channelOfRun = (
  { record }: Entry,
  { channels, servers, clock }: Runs,
  signal?: AbortSignal,
): { readonly channel: ApprovalChannel | undefined; readonly context: ChannelContext } => ({
  channel: channelThatAsked(record, channels, servers),
  context: { authorizationServers: servers, clock, ...(signal !== undefined && { signal }) },
})

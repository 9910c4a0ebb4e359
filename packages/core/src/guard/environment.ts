import type { ApprovalChannel, Ledger } from '../approvals/index.ts'
import type { AuthorizationServers } from '../authorization-server/server.ts'
import type { Fault } from '../contract/index.ts'
import type { DelegationStore } from '../delegations/index.ts'
import type { AccessChecker } from '../fga/access-checker.ts'
import type { SessionRecords } from '../identity/index.ts'
import type { Clock, Fetch } from '../ports/index.ts'
import type { Revocations } from '../revocation/index.ts'
import type { RoleMap } from '../roles/role-map.ts'
import type { TokenCache } from '../token-exchange/index.ts'
import type { Vault } from '../vault/vault.ts'
import type { Auditor } from './auditor.ts'
import type { AgentOptions } from './guard-options.ts'
import type { StepUps } from './step-ups.ts'

/** Everything that a guard was made of, checked and ready. */
export interface Environment {
  readonly agent: AgentOptions
  readonly ceiling: ReadonlySet<string> | undefined
  readonly servers: AuthorizationServers
  readonly permissions: AccessChecker | undefined
  readonly roles: RoleMap | undefined
  readonly vault: Vault | undefined
  readonly channels: ReadonlyMap<string, ApprovalChannel>
  readonly ledger: Ledger
  readonly tokens: TokenCache
  readonly revocations: Revocations
  readonly delegations: DelegationStore
  /** Logins that `createSessions` keeps in the same store. */
  readonly sessions: SessionRecords
  readonly stepUps: StepUps
  readonly auditor: Auditor
  /** Never throws. */
  readonly onFault: (fault: Fault) => void
  readonly observe: boolean
  readonly clock: Clock
  readonly fetch: Fetch
  readonly timeoutMs: number
  readonly maxInputBytes: number
}

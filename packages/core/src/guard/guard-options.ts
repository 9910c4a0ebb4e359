import type { AgentIdentity, Fault } from '../base/contract/index.ts'
import type { AuditSink, Clock, Fetch, Store } from '../base/ports.ts'
import type { DelegationsPart } from '../delegations/delegations-part.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AccessChecker } from '../permissions/openfga/access-checker.ts'
import type { RoleMap } from '../permissions/roles/role-map.ts'
import type { KeyMaterial, StoreKeys } from '../records/index.ts'
import type { ApprovalChannels } from '../runs/channels/channels-by-name.ts'
import type { SessionsPart } from '../sign-in/sessions.ts'
import type { SharedTokensPart } from '../token-exchange/shared-tokens.ts'
import type { Vault } from '../vault/vault.ts'

export type { KeyMaterial, StoreKeys }

/** The agent itself, as the app configures it. */
export interface AgentOptions {
  /** Name of the agent in OpenFGA, in the `act` claim's sense, and in the audit: `agent:trader`. */
  readonly name: string
  /** Every scope that it may ever hold, for any user. @default no ceiling */
  readonly ceiling?: readonly string[]
  /**
   * Gives the agent's own identity at this issuer, as `requestAgentIdentity` makes it. Its token is sent as the
   * `actor_token` of each exchange (RFC 8693 §2.1), for a server that names the agent in `act` only then. The guard
   * keeps it until it expires. `undefined`: no actor token at this issuer.
   * @default the server knows the agent by its client
   */
  readonly actorToken?: (request: {
    readonly issuer: string
    readonly signal: AbortSignal
  }) => AgentIdentity | undefined | Promise<AgentIdentity | undefined>
}

/** Options of `createGuard`. */
export interface GuardOptions {
  /**
   * Profile of the authorization server that issues identities and tokens. With a function, the guard refuses an
   * unknown issuer before any request.
   */
  readonly authorizationServer: Profile | ((issuer: string) => Profile | undefined)
  /** Name and limits of the agent. */
  readonly agent: AgentOptions
  /** A policy with `permission` and no checker is refused as misconfigured. */
  readonly permissions?: AccessChecker
  /**
   * Maps roles to scopes. Absent: roles set no limit, and the trace says so. Present, and the claim is missing: no
   * scopes.
   */
  readonly roles?: RoleMap
  /** Source of the tokens of linked accounts. Absent: no policy may need a connection. */
  readonly vault?: Vault
  /** Background work for absent users, made by `delegations()`. @default none, and no `guard.delegations` */
  readonly delegations?: DelegationsPart | undefined
  /**
   * The sessions of the app, made by `createSessions`, so that `guard.revoke` ends them too.
   * @default none: a revoked session stays in its store, where each use of it is refused
   */
  readonly sessions?: SessionsPart | undefined
  /** One channel, or several by name. */
  readonly approvals?: ApprovalChannels
  /** Store of approvals and other records. @default a memory store: open approvals are lost when the process ends */
  readonly store?: Store
  /** Required with a durable store. @default random keys of this process */
  readonly keys?: StoreKeys
  /** Keeps exchanged tokens sealed in `store` for other processes, made by `sharedTokens()`. @default memory only */
  readonly sharedTokens?: SharedTokensPart | undefined
  /** Audit sink. `required`: no call runs unless the sink accepted its event. @default no audit */
  readonly audit?: AuditSink | { readonly sink: AuditSink; readonly required: true }
  /**
   * Called at once with each fault of a rule, a port or the store, each result that could not be stored, and once for
   * each tool that may write although its policy names no effect. The guard does not wait for it, and ignores what it
   * throws.
   * @default faults appear in the trace only
   */
  readonly onFault?: (fault: Fault) => void
  /**
   * Enforcement of permission checks. `'observe'`: a denial by a permission check is recorded as `would_deny`, and the
   * call continues. All other checks are enforced.
   * @default 'enforce'
   */
  readonly mode?: 'enforce' | 'observe'
  /** @default the system's */
  readonly clock?: Clock
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** Time limit for the guard's steps before the body, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number
  /** Maximum input of a tool, in bytes of JSON. A larger input is refused as `invalid_input`. @default 1_048_576 */
  readonly maxInputBytes?: number
  /**
   * Maximum time until this process sees a revocation by another process, in seconds. Before a claim, the guard always
   * reads revocations. At most 86,400.
   * @default 5
   */
  readonly revocationSeconds?: number
}

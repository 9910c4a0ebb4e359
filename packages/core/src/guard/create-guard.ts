import type { Invocation, Outcome, Policy, PreflightOutcome } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import { type Clock, systemClock, tellApp } from '../base/ports.ts'
import {
  aClock,
  checkOptions,
  checkValues,
  having,
  kinds,
  needed,
  oneOf,
  refuseUnknownKeys,
  upTo,
} from '../base/values/index.ts'
import type { DelegationsPart } from '../delegations/delegations-part.ts'
import { authorizationServers, profileOption } from '../oauth/authorization-servers.ts'
import { isObjectName } from '../permissions/openfga/object.ts'
import { openStoreKeys } from '../records/index.ts'
import { memoryStore } from '../records/memory-store.ts'
import { concerns, Revocations } from '../records/revocation/index.ts'
import { channelsByName } from '../runs/channels/channels-by-name.ts'
import type { RunRecord } from '../runs/record.ts'
import { openRunStore } from '../runs/run-store.ts'
import type { SharedTokens } from '../token-exchange/shared-tokens.ts'
import { TokenCache } from '../token-exchange/token-cache.ts'
import { Auditor, recordApproval } from './call/auditor.ts'
import type { Guard, GuardWithDelegations } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import type { GuardParts } from './guard-parts.ts'
import { pausesOf } from './interrupts/pauses.ts'
import { approvalInbox } from './methods/approval-inbox.ts'
import { openDelegations } from './methods/delegated-work.ts'
import { operatorOf, ready } from './methods/operator.ts'
import { revoke } from './methods/revoke-access.ts'
import { visibleTools } from './methods/visible-tools.ts'
import type { Body } from './steps/execute.ts'
import { preflight, run } from './steps/pipeline.ts'
import { stepUpsIn } from './steps/step-up.ts'
import { checkPolicies } from './tools/check-policies.ts'
import { byTool, type DefinedTool, isDefinedTool, type ToolCall } from './tools/define-tool.ts'

const optionValues = {
  authorizationServer: profileOption,
  permissions: having('a checker such as openFga({ … })', 'check'),
  roles: having('a role map such as roleMap({ … })', 'rolesOf', 'scopesOf'),
  vault: having('a vault such as storedVault({ … })', 'token'),
  delegations: having('delegations() of @behalf/core/delegations', 'open'),
  sessions: having('what createSessions({ … }) made', 'endRevoked'),
  approvals: having('a channel such as ciba(), or an object with a channel for each name'),
  sharedTokens: having('sharedTokens() of @behalf/core/shared-tokens', 'open'),
  audit: having('a sink with a write(event) method'),
  onFault: kinds.function,
  mode: oneOf('enforce', 'observe'),
  clock: aClock,
  fetch: kinds.function,
  timeoutMs: kinds.timeoutMs,
  maxInputBytes: kinds.positiveInteger,
  revocationSeconds: upTo(86_400, 0),
}
const known = [...Object.keys(optionValues), 'agent', 'store', 'keys']

/**
 * Makes the guard that decides about an agent's tool calls.
 *
 * Checks its options and does no I/O: discovery and keys are fetched by the first call that needs them.
 *
 * @throws ConfigurationError Names the option that is missing, unknown or wrong, and the fix.
 */
export function createGuard(options: GuardOptions & { readonly delegations: DelegationsPart }): GuardWithDelegations
/** The same without delegations. */
export function createGuard(options: GuardOptions): Guard
export function createGuard(options: GuardOptions): Guard | GuardWithDelegations {
  const parts = partsOf(options)
  const opened = options.delegations && openDelegations(options.delegations, parts)
  const ending = { delegations: opened, sessions: options.sessions }
  const approvals = approvalInbox(parts)
  return {
    preflight: (asked: Asked, invocation: Invocation | ToolCall): Promise<PreflightOutcome> => {
      const { policy, named } = callOf(asked, invocation)
      return preflight(policy, named, parts)
    },
    run: <Result>(asked: Asked, invocation: Invocation | ToolCall, given?: unknown) => {
      try {
        const { policy, named, body = given } = callOf(asked, invocation)
        return run(policy, named, body as Body, parts) as Promise<Outcome<Result>>
      } catch (error) {
        // A failed clock, or an invalid invocation. A caller that awaits a promise catches no synchronous error.
        return Promise.reject(error)
      }
    },
    visible: (policies, identity) => visibleTools(byTool(policies), identity, parts),
    check: (policies) => checkPolicies(byTool(policies), parts),
    ready: () => ready(parts),
    asOperator: (asked) => operatorOf(asked, parts, ending),
    approvals,
    pauses: pausesOf(parts.runStore, approvals),
    ...(opened !== undefined && { delegations: opened.delegations }),
    revoke: (asked) => revoke(asked, parts, ending),
  }
}

type Asked = Policy | DefinedTool | undefined

/** Returns policy and body of a call: a tool has its own. */
function callOf(asked: Asked, invocation: Invocation | ToolCall) {
  if (!isDefinedTool(asked)) return { policy: asked as Policy | undefined, named: invocation as Invocation }
  return { policy: asked.policy, named: { ...invocation, tool: asked.name }, body: asked.run }
}

function partsOf(options: GuardOptions): GuardParts {
  refuseUnknownKeys('createGuard', options, known)
  checkValues('', options, optionValues)
  const { authorizationServer, clock = systemClock, timeoutMs = 10_000, mode = 'enforce' } = options
  // Copied: its name is a part of the names of runs, and an app may reuse the object for its next guard.
  const agent = { ...options.agent }
  checkOptions('agent', agent, { name: needed(kinds.text), ceiling: kinds.texts, actorToken: kinds.function })
  checkActorToken(options)
  checkPermissions(options)
  const { maxInputBytes = 1024 * 1024 } = options
  // Read at each request, so that a global `fetch` that is replaced later (tests, telemetry) is used.
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const { store = memoryStore({ clock }), revocationSeconds = 5 } = options
  const auditor = auditorOf(options.audit, { agent: agent.name, clock, timeoutMs })
  const onState = (record: RunRecord) => recordApproval(record, auditor)
  const opened = openStoreKeys(store, options.keys)
  const revocations = new Revocations(opened, revocationSeconds)
  const runStore = openRunStore({ store, keys: options.keys, clock, onState, revocations })
  const tokens = new TokenCache({ clock, shared: sharedTokensOf(options, clock) })
  // After a disconnect or a new choice of account through this vault, cached tokens are no longer used.
  options.vault?.onChange?.((changed) => tokens.deleteWhere((owner) => concerns(changed, owner)))
  const { permissions, roles, vault, onFault } = options
  const servers = authorizationServers(authorizationServer, { fetch, clock, timeoutMs })
  const channels = channelsByName(options.approvals, authorizationServer)
  const ceiling = agent.ceiling && new Set(agent.ceiling)
  const observe = mode === 'observe'
  return {
    agent,
    auditor,
    ceiling,
    channels,
    clock,
    fetch,
    maxInputBytes,
    observe,
    onFault: (fault) => tellApp(() => onFault?.(fault)),
    opened,
    permissions,
    revocations,
    roles,
    runStore,
    servers,
    stepUps: stepUpsIn(opened, runStore),
    timeoutMs,
    tokens,
    unnamed: new Set(),
    vault,
  }
}

function sharedTokensOf({ sharedTokens, store, keys }: GuardOptions, clock: Clock): SharedTokens | undefined {
  if (sharedTokens === undefined) return undefined
  if (store !== undefined) return sharedTokens.open({ store, keys, clock })
  throw new ConfigurationError('sharedTokens', 'give the store that the processes share, or leave it out')
}

function checkActorToken({ agent: { actorToken }, authorizationServer }: GuardOptions): void {
  if (actorToken === undefined) return
  if (typeof authorizationServer !== 'function' && authorizationServer.exchange?.grant !== 'token-exchange') {
    throw new ConfigurationError('agent.actorToken', 'this provider takes no actor_token: leave it out')
  }
}

function checkPermissions({ permissions, agent, authorizationServer }: GuardOptions): void {
  if (permissions === undefined) return
  if (!isObjectName(agent.name)) {
    throw new ConfigurationError('agent.name', `with permissions, give an OpenFGA object name such as 'agent:trader'`)
  }
  // F4: a subject is unique within one issuer only.
  if (permissions.singleIssuer === true && typeof authorizationServer === 'function') {
    throw new ConfigurationError('permissions.userOf', 'with several issuers, say how a user is called in OpenFGA')
  }
}

function auditorOf(
  audit: GuardOptions['audit'],
  surroundings: { readonly agent: string; readonly clock: Clock; readonly timeoutMs: number },
): Auditor {
  // This form asks for required audit: any other value would let calls run without a record.
  const required = audit !== undefined && 'sink' in audit
  if (required) {
    refuseUnknownKeys('audit', audit, ['sink', 'required'])
    if (audit.required !== true) throw new ConfigurationError('audit.required', 'give true, or the sink by itself')
  }
  const sink = required ? audit.sink : audit
  if (audit !== undefined && typeof sink?.write !== 'function') {
    throw new ConfigurationError('audit', 'give a sink with a write(event) method')
  }
  return new Auditor({ ...surroundings, sink, required })
}

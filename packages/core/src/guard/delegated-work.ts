import { endUnused } from '../approvals/index.ts'
import type { Identity, UserIdentity } from '../contract/index.ts'
import {
  createDelegations,
  type DelegationNote,
  type DelegationRecord,
  type Delegations,
  delegationBoundsOf,
} from '../delegations/index.ts'
import type { VaultRequest } from '../vault/vault.ts'
import { Aftermath } from './aftermath.ts'
import { delegationRefusal } from './delegation-refusal.ts'
import type { Environment } from './environment.ts'
import { deny, type Stop } from './stop.ts'

/** What `guard.delegations` is. */
export function delegationsOf(environment: Environment): Delegations {
  const { delegations, servers, clock, agent, timeoutMs, vault, revocations } = environment
  return createDelegations({
    store: delegations,
    servers,
    clock,
    revocations,
    agent: agent.name,
    hasWorkerGrant: vault?.hasWorkerGrant === true,
    timeoutMs,
    note: (note) => noteDelegation(note, environment),
    announceEnd: (record) => announceEnd(record, environment),
  })
}

/** The part of step 2 that a job adds: the identity is this agent's to use, and for this tool. */
export function checkDelegation(identity: Identity, tool: string, { agent, servers }: Environment): Stop | undefined {
  const refusal = delegationRefusal(identity, tool, agent.name)
  if (refusal !== undefined) return refusal
  const bounds = delegationBoundsOf(identity)
  if (bounds === undefined || bounds.client === servers.of(identity.issuer).profile.clientId) return undefined
  return deny('identity_not_verified', 'the delegation was made for another client')
}

/**
 * By what a job may ask the vault: the worker grant where its user agreed to that, and nothing where nothing was agreed
 * to that brings tokens. A vault that needs no proof of the user would give them all the same.
 */
export function vaultAccess(
  identity: UserIdentity,
  { vault }: Environment,
): Pick<VaultRequest, 'delegation'> | { readonly refused: string } {
  const id = identity.delegationId
  const bounds = id === undefined ? undefined : delegationBoundsOf(identity)
  if (id === undefined || bounds?.credentials === 'refresh_token') return {}
  if (bounds?.credentials !== 'worker')
    return { refused: 'the delegation was made without anything that brings tokens' }
  if (vault?.hasWorkerGrant !== true) return { refused: 'the delegation needs a worker grant, and the vault has none' }
  return { delegation: { id, agent: bounds.agent } }
}

/** A use is on record before it is had, where audit is required. */
function noteDelegation({ action, id, record, code }: DelegationNote, { auditor }: Environment): Promise<void> {
  const owner = record?.owner
  return auditor.demand({
    type: 'delegation',
    tool: '',
    action,
    delegationId: id,
    ...(owner !== undefined && {
      principal: {
        issuer: owner.issuer,
        ...(owner.tenant !== undefined && { tenant: owner.tenant }),
        subject: owner.subject,
        ...(owner.clientId !== undefined && { clientId: owner.clientId }),
        delegationId: id,
      },
    }),
    ...(code !== undefined && { code }),
  })
}

async function announceEnd(
  { id, owner }: DelegationRecord,
  { revocations, tokens, clock, servers, ledger, channels }: Environment,
): Promise<void> {
  const { issuer, tenant, subject } = owner
  await revocations.add({ issuer, ...(tenant !== undefined && { tenant }), subject, delegation: id })
  const aftermath = new Aftermath(servers)
  const of = { issuer, subject, ...(tenant !== undefined && { tenant }) }
  // A run that does not open cannot be used, and keeps no other one open.
  for await (const entry of ledger.ownedBy(of, { onUnreadable: () => {} })) {
    if (entry.record.delegationId !== id) continue
    const channel = channels.get(entry.record.question?.channel ?? '')
    const ended = await endUnused(ledger, entry, 'revoked')
    aftermath.add(() => ended.tell({ channel, context: { authorizationServers: servers, clock } }))
  }
  const whose = { issuer, ...(tenant !== undefined && { tenant }), subject, delegationId: id }
  await tokens.revoke(whose, aftermath.dropped)
  await aftermath.tell()
}

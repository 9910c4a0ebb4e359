import type { DelegationRecord } from '../../delegations/delegation-record.ts'
import type { DelegationNote } from '../../delegations/delegations.ts'
import type { DelegationsPart, OpenedDelegations } from '../../delegations/delegations-part.ts'
import type { Auditor } from '../call/auditor.ts'
import type { GuardParts } from '../guard-parts.ts'
import { endAccess } from './revoke-access.ts'

/** Opens the delegations of this guard. */
export function openDelegations(part: DelegationsPart, guard: GuardParts): OpenedDelegations {
  const { servers, clock, vault, timeoutMs, agent, opened, revocations, auditor } = guard
  return part.open(opened, {
    servers,
    clock,
    revocations,
    agent: agent.name,
    hasWorkerGrant: vault?.hasWorkerGrant === true,
    timeoutMs,
    note: (note) => recordDelegation(note, auditor),
    announceEnd: (record) => announceEnd(record, guard),
  })
}

/** Records the use of a delegation. A required audit records it before it happens. */
function recordDelegation({ action, id, record, code }: DelegationNote, auditor: Auditor): Promise<void> {
  const owner = record?.owner
  return auditor.demand({
    type: 'delegation',
    tool: '',
    action,
    delegationId: id,
    ...(owner !== undefined && {
      principal: { ...owner, delegationId: id },
    }),
    ...(code !== undefined && { code }),
  })
}

async function announceEnd({ id, owner }: DelegationRecord, guard: GuardParts): Promise<void> {
  const { issuer, tenant, subject } = owner
  await endAccess({ issuer, tenant, subject, delegation: id }, guard)
}

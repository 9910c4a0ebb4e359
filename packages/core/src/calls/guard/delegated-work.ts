import { endUnused } from '../../consent/approvals/end-run.ts'
import type { DelegationRecord } from '../../consent/delegations/delegation-record.ts'
import type { DelegationNote } from '../../consent/delegations/delegations.ts'
import type { DelegationsPart, OpenedDelegations } from '../../consent/delegations/delegations-part.ts'
import type { Auditor } from './auditor.ts'
import { channelOfRun, type GuardParts } from './guard-parts.ts'
import { RevocationNotifier } from './revocation-notifier.ts'

/** Opens the delegations of this guard. */
export function openDelegations(part: DelegationsPart, guard: GuardParts): OpenedDelegations {
  const { callers, sources, opened, reporting } = guard
  const { servers, clock, vault, timeoutMs, agent } = sources
  return part.open(opened, {
    servers,
    clock,
    revocations: callers.revocations,
    agent: agent.name,
    hasWorkerGrant: vault?.hasWorkerGrant === true,
    timeoutMs,
    note: (note) => recordDelegation(note, reporting.auditor),
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

async function announceEnd({ id, owner }: DelegationRecord, { runs, sources: { tokens } }: GuardParts): Promise<void> {
  const { runStore, servers, clock, revocations } = runs
  const { issuer, tenant, subject } = owner
  const revoked = { issuer, tenant, subject, delegation: id }
  await revocations.add(revoked, clock.now())
  const notifier = new RevocationNotifier(servers)
  // A run that cannot be opened cannot be used, and must not keep the other runs open.
  for await (const entry of runStore.ownedBy(owner, { onUnreadable: () => {} })) {
    if (entry.record.delegationId !== id) continue
    const ended = await endUnused(runStore, entry, 'revoked')
    notifier.add(() => ended.tell(channelOfRun(entry, runs)))
  }
  await tokens.revoke(revoked, notifier.dropped)
  await notifier.tell()
}

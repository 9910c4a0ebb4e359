import type { Json, OperatorEvent, RevokeOptions } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { endUnused, resolveCrash } from '../../runs/end-run.ts'
import type { Entry } from '../../runs/record.ts'
import { channelOfRun, type GuardParts } from '../guard-parts.ts'
import { type ApprovalView, checkResolution, ownerView, resultOf } from './approval-inbox.ts'
import { type EndingParts, type Revocation, revoke } from './revoke-access.ts'

/** Result of `guard.ready`. */
export interface Readiness {
  /** Difference between this process's clock and the store's, in seconds. Positive: ahead. Negative: behind. */
  readonly clockAheadSeconds: number
  /** Issuer whose metadata was read. Absent if the guard has several: it reads theirs when their tokens arrive. */
  readonly issuer?: string
}

/** Contacts the store and the authorization server, and compares the clocks. */
export function ready({ opened, servers, timeoutMs, clock }: GuardParts): Promise<Readiness> {
  return withinDeadline({ timeoutMs }, async () => {
    const { sole } = servers
    const [stored, endpoints] = await Promise.all([opened.store.now(), sole?.endpoints()])
    const now = clock.now() / 1000
    const clockAheadSeconds = Math.round(now - stored)
    refuseSkew(clockAheadSeconds, "store's")
    // Metadata from a cache is older than the issuer's time. So only a clock that is behind is certain.
    refuseSkew(Math.min(0, Math.round(now - (endpoints?.now() ?? 0) / 1000)), "issuer's")
    return { clockAheadSeconds, ...(sole !== undefined && { issuer: sole.profile.issuer }) }
  })
}

function refuseSkew(ahead: number, whose: string): void {
  const seconds = Math.abs(ahead)
  if (!(seconds > TOLERANCE_SECONDS)) return
  throw new ConfigurationError(
    'clock',
    `is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the ${whose}, and at most ${TOLERANCE_SECONDS} s are tolerated: set both by NTP`,
  )
}

/** Options for an operator, who acts for the app itself. */
export interface OperatorOptions {
  /** Name for the audit, such as that of a member of staff or of a script. The guard does not verify it. */
  readonly name: string
}

/** Operations of the app's own code in the name of an operator. Every act is an audit event with that name. */
export interface Operator {
  /** Ends access as `guard.revoke` does. */
  revoke(options: RevokeOptions): Promise<Revocation>
  /**
   * Resolves any run whose process died in it. A run that has not crashed does not change.
   *
   * @returns the run as its owner sees it; `undefined` if no run has this id.
   * @throws ConfigurationError `what` is neither, or `result` is not plain JSON.
   * @throws TransportError, StoreError The outcome is unknown; try again.
   */
  resolve(
    id: string,
    what: 'ran' | 'did_not_run',
    options?: { readonly result?: Json },
  ): Promise<ApprovalView | undefined>
  /** Ends any question or unused approval. A run that has started or ended does not change. */
  cancel(id: string): Promise<ApprovalView | undefined>
}

/** Makes the operator of a guard. An operator answers no question: only the person who was asked can approve. */
export function operatorOf(options: OperatorOptions, guard: GuardParts, parts: EndingParts): Operator {
  refuseUnknownKeys('asOperator', options, ['name'])
  const operator = requireText('asOperator.name', options.name)
  const { runStore } = guard
  const note = (event: Pick<OperatorEvent, 'action' | 'approvalId' | 'revoked'>) =>
    guard.auditor.demand({ type: 'operator', tool: '', operator, ...event })
  const changed = (id: string, work: (entry: Entry) => Promise<ApprovalView>) =>
    withinDeadline({ timeoutMs: guard.timeoutMs }, async () => {
      const entry = await runStore.read(id)
      return entry && work(entry)
    })
  return {
    revoke: (asked) => revoke(asked, guard, parts, (revoked) => note({ action: 'revoke', revoked })),
    async resolve(id, what, { result } = {}) {
      checkResolution(what)
      const stored = resultOf(result)
      return changed(id, async (entry) => {
        await note({ action: 'resolve', approvalId: entry.record.id })
        return ownerView(await resolveCrash(runStore, entry, { what, result: stored, by: 'operator' }), runStore.now())
      })
    },
    cancel: (id) =>
      changed(id, async (open) => {
        await note({ action: 'cancel', approvalId: open.record.id })
        const { entry, tell } = await endUnused(runStore, open, 'cancelled')
        await tell(channelOfRun(open, guard))
        return ownerView(entry, runStore.now())
      }),
  }
}

import { type Entry, settleRun } from '../approvals/index.ts'
import type { Identity } from '../contract/index.ts'
import { isVerified } from '../identity/verified.ts'
import type { Environment } from './environment.ts'

/** What an owner may see of a question. No token, no `auth_req_id`. */
export interface ApprovalView {
  readonly id: string
  readonly tool: string
  readonly message: string
  readonly state: 'open' | 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked' | 'used'
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Seconds until another look is worth it; open questions only. */
  readonly interval?: number
}

/** Questions by id. */
export interface ApprovalInbox {
  /**
   * The state of a question now: looks for the answer where a look is due.
   *
   * @returns `undefined` when there is none of that id, or it is not this identity's: the two are not told apart.
   * @throws TransportError, StoreError Nothing is known.
   */
  get(
    id: string,
    options: { readonly identity: Identity; readonly signal?: AbortSignal },
  ): Promise<ApprovalView | undefined>
}

/** The inbox over a guard's ledger. */
export function approvalInbox(environment: Environment): ApprovalInbox {
  const { ledger } = environment
  return {
    async get(id, { identity, signal }) {
      if (!isVerified(identity) || typeof id !== 'string') return undefined
      const entry = await ledger.read(id)
      if (entry?.record.question === undefined || !owns(identity, entry)) return undefined
      const channel = environment.channels.get(entry.record.question.channel)
      const deadline = AbortSignal.timeout(environment.timeoutMs)
      const settled = await settleRun(ledger, entry, channel, {
        authorizationServers: environment.servers,
        clock: environment.clock,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      })
      return viewOf(settled.entry, ledger.now())
    },
  }
}

function owns(identity: Identity, { record: { owner } }: Entry): boolean {
  return (
    identity.issuer === owner.issuer &&
    identity.tenant === owner.tenant &&
    identity.clientId === owner.clientId &&
    (identity.kind === 'user' ? identity.subject : undefined) === owner.subject
  )
}

function viewOf({ record }: Entry, now: number): ApprovalView | undefined {
  const { id, tool, question, delivery, state } = record
  if (question === undefined) return undefined
  const base = { id, tool, message: question.message, expiresAt: question.expiresAt }
  switch (state) {
    case 'requested':
    case 'pending':
      return { ...base, state: 'open', interval: Math.max(1, Math.ceil((delivery?.nextLookAt ?? now) - now)) }
    case 'running':
    case 'completed':
    case 'threw':
    case 'crashed':
      return { ...base, state: 'used' }
    default:
      return { ...base, state }
  }
}

import { isSamePrincipal, type Principal } from '../base/contract/index.ts'
import { equalJson } from '../base/values/index.ts'
import { type Caller, isSameCaller } from './caller.ts'
import { isOfAnotherClient } from './channels/channels-by-name.ts'
import { SKEW_SECONDS } from './poll-times.ts'
import type { CalledBy, RunRecord } from './record.ts'
import { approvalOf, isStartable, isUnsent, stateOf } from './run-state.ts'

/** Requirements of a call for its record, by the current policy. */
export interface Demand {
  readonly needsApproval: boolean
  /** Approver that the policy names now, if it names one. */
  readonly approver: Principal | undefined
  /** Channel by which the policy asks now. */
  readonly channel: string
  /** Client under which that channel asks. Empty if it does not poll. */
  readonly client: string | undefined
  readonly policyVersion: string
  /** Linked accounts that the call would use now, by the names of its credentials. */
  readonly accounts: CalledBy['accounts']
  readonly caller: Caller
  /** Tries of which the question must tell, as `tryOf` names them. */
  readonly toTell: readonly string[]
  /** Returns whether this person's access was revoked at or after a time, in epoch seconds. Reads the store. */
  readonly isRevokedSince: (approver: Principal, since: number) => Promise<boolean>
  /** Returns whether the proof of the request for approval was revoked. Reads the store. */
  readonly isRevoked: (record: RunRecord) => Promise<boolean>
}

declare const entitled: unique symbol

/** Proof that a run may start. Only {@link entitlementOf} makes it. */
export interface Entitled {
  readonly kind: 'not_required' | 'answered'
  readonly [entitled]: true
}

/** Whether a run may start. It is decided when the run starts, and never by the history of the record (A11). */
export type Entitlement =
  | Entitled
  /** The run waits for an answer. Its question fits the call, or the call needs none. */
  | { readonly kind: 'open' }
  /** `isOthers`: the approval may belong to another caller or another policy version, which may still use it. */
  | { readonly kind: 'ask'; readonly why: string; readonly isOthers?: boolean }

const notRequired = { kind: 'not_required' } as Entitled
const answered = { kind: 'answered' } as Entitled

/** Decides whether the run of a record, which has not ended, may start for this call. */
export async function entitlementOf(record: RunRecord, demand: Demand): Promise<Entitlement> {
  // Its API takes the repetition for one by its key; the API of another account cannot.
  if (stateOf(record) === 'crashed' && usesOthers(record, demand)) return ask(OTHER_ACCOUNT)
  const misfit = demand.needsApproval ? misfitOf(record, demand) : undefined
  if (!isStartable(record)) return misfit ? ask(misfit) : { kind: 'open' }
  if (!demand.needsApproval) return notRequired
  const { question } = record
  const approval = approvalOf(record)
  if (question === undefined || approval === undefined) return ask('no question sent')
  if (misfit !== undefined) return { ...ask(misfit), isOthers: isOthers(record, demand) }
  if (question.credential !== undefined && approval.token === undefined)
    return ask('the token of the approval was used')
  // A revoker's clock may be behind ours.
  if (await demand.isRevokedSince(question.approver, approval.at - SKEW_SECONDS))
    return ask('the approver was revoked after the answer')
  // It may have been running when its clean-up came, and have returned without effect.
  if (await demand.isRevoked(record)) return ask("the requester's access was revoked")
  return answered
}

const isOthers = (record: RunRecord, demand: Demand): boolean =>
  record.question?.policyVersion !== demand.policyVersion ||
  !isSameCaller(record, demand.caller) ||
  (demand.client !== undefined && isOfAnotherClient(record, demand.client))

/** Returns why a question, answered or not, does not fit this call. `undefined` if it fits. */
export function misfitOf(record: RunRecord, demand: Demand): string | undefined {
  const { question } = record
  if (question === undefined || isUnsent(record)) return 'no question sent'
  if (question.policyVersion !== demand.policyVersion) return 'the policy has changed since the question'
  if (!isSameCaller(record, demand.caller)) return 'another caller asked'
  if (question.channel !== demand.channel) return 'the policy asks by another channel now'
  if (!isSamePrincipal(question.approver, demand.approver)) return 'the policy names another approver now'
  if (isOfAnotherClient(record, demand.client)) return 'another client asked'
  if (usesOthers(record, demand)) return OTHER_ACCOUNT
  const told = question.toldInDoubt ?? []
  if (!demand.toTell.every((name) => told.includes(name))) return 'an equal run is in doubt since the question'
  return undefined
}

const OTHER_ACCOUNT = 'the call would use another linked account now'

/**
 * Returns whether the accounts differ. If only one side names an account, they differ too: the policy or the app has
 * changed its choice.
 */
const usesOthers = ({ by: { accounts = {} } }: RunRecord, demand: Demand): boolean =>
  !equalJson(accounts, demand.accounts ?? {})

const ask = (why: string): Extract<Entitlement, { readonly kind: 'ask' }> => ({ kind: 'ask', why })

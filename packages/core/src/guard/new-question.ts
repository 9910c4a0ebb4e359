import { afterNoes, type Entry, ownerOf, type StoredQuestion } from '../approvals/index.ts'
import type { AuthorizedCall } from './call.ts'
import { draftQuestion } from './draft-question.ts'
import type { Runs } from './guard-parts.ts'
import { deny, type Refusal } from './refusal.ts'

/** Returns the question of this call, where its approver may be asked now (A14). */
export async function newQuestion(
  call: AuthorizedCall,
  { binding, id }: { readonly binding: string; readonly id?: string },
  inDoubt: readonly Entry[],
  runs: Runs,
): Promise<StoredQuestion | Refusal> {
  const { identity, policy, invocation } = call
  const { approval } = policy.rules
  if (approval === undefined) return deny('misconfigured', 'the policy asks nobody')
  const question = draftQuestion(call, approval, inDoubt, runs)
  if ('status' in question) return question
  const asking = { owner: ownerOf(identity), tool: invocation.tool, binding, question, ...(id !== undefined && { id }) }
  const { closedUntil } = await afterNoes(runs.ledger, asking)
  return closedUntil === undefined ? question : closedRefusal(closedUntil, runs)
}

/** Refuses a call whose approver said no, until they may be asked again. @param until - Epoch seconds. */
export function closedRefusal(until: number, { ledger }: Runs): Refusal {
  const retryAfter = Math.ceil(until - ledger.now())
  const detail = `the approver said no before; they may be asked again in ${retryAfter} s, or when they reopen it`
  return { status: 'denied', code: 'approval_denied', detail, retryAfter }
}

import { afterNoes, type Entry, ownerOf, type StoredQuestion } from '../approvals/index.ts'
import { draftQuestion } from './draft-question.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** The question of this call, where its approver may be asked now (A14). */
export async function newQuestion(
  progress: Progress,
  { binding, id }: { readonly binding: string; readonly id?: string },
  inDoubt: readonly Entry[],
  environment: Environment,
): Promise<StoredQuestion | Stop> {
  const { identity, definition, invocation } = progress
  const { approval } = definition.rules
  if (identity === undefined || approval === undefined) return deny('misconfigured', 'the policy asks nobody')
  const question = draftQuestion(progress, identity, approval, inDoubt, environment)
  if ('status' in question) return question
  const asking = { owner: ownerOf(identity), tool: invocation.tool, binding, question, ...(id !== undefined && { id }) }
  const { closedUntil } = await afterNoes(environment.ledger, asking)
  return closedUntil === undefined ? question : closedStop(closedUntil, environment)
}

/** The approver said no, and is not asked again before then. @param until - Epoch seconds. */
export function closedStop(until: number, { ledger }: Environment): Stop {
  const retryAfter = Math.ceil(until - ledger.now())
  const detail = `the approver said no before; they may be asked again in ${retryAfter} s, or when they reopen it`
  return { status: 'denied', code: 'approval_denied', detail, retryAfter }
}

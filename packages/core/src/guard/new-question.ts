import { closedUntil, type Entry, ownerOf, type StoredQuestion } from '../approvals/index.ts'
import { draftQuestion } from './draft-question.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** How long a second no closes an equal call. Seconds. */
const ASK_AGAIN_AFTER_SECONDS = 600

/** The question of this call, where its approver may be asked now (A14). */
export async function newQuestion(
  progress: Progress,
  binding: string,
  inDoubt: readonly Entry[],
  environment: Environment,
): Promise<StoredQuestion | Stop> {
  const { identity, definition, invocation } = progress
  const { approval } = definition.rules
  if (identity === undefined || approval === undefined) return deny('misconfigured', 'the policy asks nobody')
  const question = draftQuestion(progress, identity, approval, inDoubt, environment)
  if ('status' in question) return question
  const { ledger } = environment
  const until = await closedUntil(ledger, {
    owner: ownerOf(identity),
    approver: question.approver,
    tool: invocation.tool,
    binding,
    askAgainAfterSeconds: approval.askAgainAfterSeconds ?? ASK_AGAIN_AFTER_SECONDS,
  })
  if (until === undefined) return question
  const retryAfter = Math.ceil(until - ledger.now())
  const detail = `the approver said no before; they may be asked again in ${retryAfter} s, or when they reopen it`
  return { status: 'denied', code: 'approval_denied', detail, retryAfter }
}

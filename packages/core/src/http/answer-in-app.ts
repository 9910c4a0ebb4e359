import { applied, type Entry, type Ledger, type RunRecord, reopen } from '../approvals/index.ts'
import type { UserIdentity } from '../contract/index.ts'
import type { PresentUser } from '../identity/index.ts'
import { canonicalJson, equalSecrets, isSamePerson } from '../lib/index.ts'
import { isInApp } from './in-app-approvals.ts'

/** What a person may say to a question. `reopen`: after a no, they may be asked again. */
export type InAppAnswer = 'approve' | 'deny' | 'reopen'

/** What came of an answer. Unknown, another's and no question of this channel are not told apart. */
export type Answered =
  | { readonly status: 'answered'; readonly entry: Entry }
  | { readonly status: 'not_found' }
  /** The page that answers is not one that showed this question to this person in this session. */
  | { readonly status: 'wrong_token' }
  /** Answered, cancelled or run out before. */
  | { readonly status: 'not_open'; readonly entry: Entry }

/**
 * Takes the answer of a person who is here to one question: `pending -> approved | denied`, by compare-and-swap, once.
 */
export async function answerInApp(
  ledger: Ledger,
  id: string,
  answer: InAppAnswer,
  answerToken: string,
  user: PresentUser,
): Promise<Answered> {
  const { identity, checkedAt } = user
  const entry = await ledger.read(id)
  if (entry === undefined || !isAskedOf(entry.record, identity)) return { status: 'not_found' }
  if (!(await equalSecrets(answerToken, await answerTokenOf(ledger, entry.record, identity)))) {
    return { status: 'wrong_token' }
  }
  if (answer === 'reopen') {
    if (entry.record.state !== 'denied') return { status: 'not_open', entry }
    await reopen(ledger, entry)
    return { status: 'answered', entry }
  }
  // A question that ended has lost its delivery, and with it the mark of its channel.
  if (entry.record.state === 'pending' && !isInApp(entry.record.delivery)) return { status: 'not_found' }
  let isOurs = false
  const settled = await ledger.update(entry, (record) => {
    const now = ledger.now()
    isOurs = false
    // The page showed this question, and not one that took its place meanwhile.
    if (!isOpen(record, now) || record.question.id !== entry.record.question?.id) return undefined
    isOurs = true
    // From before the names were read: a revocation that was not seen then is one from after the answer.
    const at = Math.min(now, checkedAt)
    return applied(record, answer === 'approve' ? { status: 'approved', answeredAt: at } : { status: 'denied' }, at, at)
  })
  return { status: isOurs ? 'answered' : 'not_open', entry: settled }
}

/** Whether this very person was named as the one to ask (A8): subjects are compared within one issuer and tenant. */
const isAskedOf = ({ question }: RunRecord, identity: UserIdentity): boolean =>
  isSamePerson(question?.approver, identity)

type Open = Parameters<typeof applied>[0]

/** Whether a question of this channel waits for its answer now. */
export function isOpen(record: RunRecord, now: number): record is Open {
  const { state, question, delivery } = record
  if (state !== 'pending' || question === undefined) return false
  return isInApp(delivery) && question.credential === undefined && now < question.expiresAt
}

/** Ties an answer to the question, the person and the session to which it was shown. */
export function answerTokenOf(
  ledger: Ledger,
  { id, question }: RunRecord,
  { issuer, tenant, subject, sessionId }: UserIdentity,
): Promise<string> {
  const whose = [issuer, tenant ?? null, subject, sessionId ?? null]
  return ledger.hash(canonicalJson(['in-app-answer', id, question?.id ?? null, ...whose]))
}

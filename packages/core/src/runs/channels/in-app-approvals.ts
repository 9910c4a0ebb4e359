import * as z from 'zod/mini'
import type { Principal, UserIdentity } from '../../base/contract/index.ts'
import { ApprovalAnswerError, BehalfError, ConfigurationError, TransportError } from '../../base/errors/index.ts'
import { checkOptions, defined, kinds } from '../../base/values/index.ts'
import { isVerified } from '../../identity/verified.ts'
import { provenAtOf } from '../../records/revocation/index.ts'
import type { Delivery } from '../record.ts'
import type { ApprovalQuestion, PushedChannel, VerifiedAnswer } from './approval-channel.ts'

/** A question that waits in the app's pages. */
export interface AskedInApp {
  /** Id of the approval. */
  readonly id: string
  /** Person who is asked. */
  readonly approver: Principal
  /** Message for the approver. */
  readonly message: string
  /** Time at which the question expires, in epoch seconds. */
  readonly expiresAt: number
}

/** Options of {@link inAppApprovals}. */
export interface InAppApprovalsOptions {
  /**
   * Notifies the approver of a question: a push, a mail, a message to an open page. If it rejects, the question counts
   * as unsent and is sent again.
   * @default no notification; the question is in the inbox
   */
  readonly notify?: (asked: AskedInApp) => void | Promise<void>
  /** Interval at which a waiting call reads the record, in seconds. @default 5 */
  readonly intervalSeconds?: number
}

/** Marks a delivery whose answer comes from the app's own pages. */
const KIND = 'in_app'

/**
 * Asks the approver in the app's own pages.
 *
 * The question is in the approver's inbox as long as it is open; `inAppInbox` serves the inbox and takes the
 * answer of the person who is signed in. Without `inAppInbox`, list the questions of an approver with
 * `guard.approvals.list`, and pass their answer to `approvalAnswers`, as `{ id, questionId, answer, identity }`. The
 * answer carries no token: the credential comes from an exchange or the vault.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 */
export function inAppApprovals(options: InAppApprovalsOptions = {}): PushedChannel {
  checkOptions('inAppApprovals', options, { notify: kinds.function }, ['intervalSeconds'])
  const { notify, intervalSeconds: interval = 5 } = options
  if (!(Number.isFinite(interval) && interval >= 1)) {
    throw new ConfigurationError('inAppApprovals.intervalSeconds', 'give a number of seconds, 1 or more')
  }
  return {
    specificationVersion: 2,
    ask: async (question) => {
      await tell(question, notify)
      return { state: { kind: KIND }, interval }
    },
    verify: async (answer, { clock }) => verifyInApp(answer, clock.now() / 1000),
  }
}

const inApp = z.strictObject({
  id: z.string(),
  questionId: z.string(),
  answer: z.enum(['approve', 'deny']),
  identity: z.custom<UserIdentity>((identity) => isVerified(identity) && identity.kind === 'user'),
})

/**
 * Reads a person's answer from the app's own pages. The caller decides whether the person is present.
 *
 * @throws ApprovalAnswerError `unverified`
 */
export function verifyInApp(given: unknown, now: number): VerifiedAnswer {
  const { data } = inApp.safeParse(given)
  if (data === undefined) {
    throw new ApprovalAnswerError('unverified', 'give { id, questionId, answer, identity }, with a verified identity')
  }
  const { id, questionId, answer, identity } = data
  const { clientId } = identity
  const provenAt = provenAtOf(identity)
  return {
    approvalId: id,
    questionId,
    approver: identity,
    decision: answer === 'approve' ? 'approved' : 'denied',
    evidence: {
      method: KIND,
      ...defined({ clientId, provenAt }),
    },
    at: now,
  }
}

async function tell(question: ApprovalQuestion, notify: InAppApprovalsOptions['notify']): Promise<void> {
  const { approvalId: id, approver, message, expiresAt } = question
  try {
    await notify?.({ id, approver, message, expiresAt })
  } catch (cause) {
    if (BehalfError.isInstance(cause)) throw cause
    throw new TransportError('the approver could not be notified of a question', { cause })
  }
}

/** Returns whether a question was put into the inbox: a question of another channel is not answered there. */
export function isInApp(delivery: Delivery | undefined): boolean {
  return delivery?.state.kind === KIND
}

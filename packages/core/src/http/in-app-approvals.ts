import type { ApprovalChannel, ApprovalQuestion, Delivery } from '../approvals/index.ts'
import type { Approver } from '../contract/index.ts'
import { BehalfError, ConfigurationError, TransportError } from '../errors/index.ts'
import { refuseUnknownKeys } from '../lib/index.ts'

/** A question that waits in the app's pages. */
export interface AskedInApp {
  readonly id: string
  readonly approver: Approver
  readonly message: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Options of {@link inAppApprovals}. */
export interface InAppApprovalsOptions {
  /**
   * Tells the approver that there is a question: a push, a mail, a message to an open page. When it rejects, the
   * question counts as unsent and is sent again. @default nobody is told; the question is in the inbox
   */
  readonly notify?: (asked: AskedInApp) => void | Promise<void>
  /** How often whoever waits looks for the answer, in seconds. @default 5 */
  readonly intervalSeconds?: number
}

/** Marks a delivery as one that is answered by `inAppInbox`, and by nothing else. */
const KIND = 'in_app'

/**
 * Asks the approver in the app's own pages.
 *
 * The question is in the approver's inbox as long as it is open; `inAppInbox` serves the inbox and takes the
 * answer of the person who is signed in. The answer carries no token: the approval is evidence, and the
 * credential comes from an exchange or the vault.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 */
export function inAppApprovals(options: InAppApprovalsOptions = {}): ApprovalChannel {
  refuseUnknownKeys('inAppApprovals', options, ['notify', 'intervalSeconds'])
  const { notify, intervalSeconds: interval = 5 } = options
  if (notify !== undefined && typeof notify !== 'function') {
    throw new ConfigurationError('inAppApprovals.notify', 'give a function')
  }
  if (!(Number.isFinite(interval) && interval >= 1)) {
    throw new ConfigurationError('inAppApprovals.intervalSeconds', 'give a number of seconds, 1 or more')
  }
  return {
    specificationVersion: 1,
    ask: async (question) => {
      await tell(question, notify)
      const { expiresAt } = question
      return { state: { kind: KIND }, interval, expiresAt, watchFrom: expiresAt }
    },
    // The answer changes the record itself; who looks has only to see whether the time is over.
    look: async (_asked, question, { clock }) =>
      clock.now() / 1000 >= question.expiresAt ? { status: 'expired' } : { status: 'pending', interval },
  }
}

async function tell(question: ApprovalQuestion, notify: InAppApprovalsOptions['notify']): Promise<void> {
  const { approvalId: id, approver, message, expiresAt } = question
  try {
    await notify?.({ id, approver, message, expiresAt })
  } catch (cause) {
    if (BehalfError.isInstance(cause)) throw cause
    throw new TransportError('the approver could not be told of a question', { cause })
  }
}

/** Whether a question was put into the inbox: one that went another way is not answered there. */
export function isInApp(delivery: Delivery | undefined): boolean {
  return delivery?.state.kind === KIND
}

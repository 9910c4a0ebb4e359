import { isSamePrincipal, type Principal } from '../base/contract/index.ts'
import { ApprovalAnswerError, BehalfError, ConfigurationError, InvalidTokenError } from '../base/errors/index.ts'
import { pause } from '../base/process/async.ts'
import { copyOf } from '../base/values/index.ts'
import { type PresenceContext, type PresentUser, presenceIn, requirePresentUser } from '../identity/present-user.ts'
import { isVerified } from '../identity/verified.ts'
import type { VerifiedAnswer } from './channels/approval-channel.ts'
import { type ChannelsOptions, openChannels } from './channels/channels-by-name.ts'
import { withinBound } from './deliver-question.ts'
import { isUsable, SKEW_SECONDS } from './poll-times.ts'
import type { Entry, RunRecord, StoredQuestion } from './record.ts'
import { stateOf } from './run-state.ts'
import type { RunStore } from './run-store.ts'
import { wake } from './wake.ts'
import { evidenceOf, isPending, writeAnswer } from './write-answer.ts'

/** An accepted answer. */
export interface TakenAnswer {
  /** Id of the approval that was answered. */
  readonly id: string
  /** State of the approval after the answer. */
  readonly state: 'approved' | 'denied'
}

/**
 * Takes a pushed answer. `answer` is the value that the app received, such as a `Request`. The channel of this name
 * (default `default`) verifies it.
 *
 * @throws ApprovalAnswerError The answer was refused and changed nothing; `reason` says why.
 * @throws IdentityRequiredError, InvalidTokenError The approver is not a user who is present, or their access was revoked.
 * @throws TransportError, StoreError The outcome is unknown; try again.
 * @throws ConfigurationError No channel of this name verifies answers.
 */
export type TakeAnswer = (answer: unknown, channel?: string) => Promise<TakenAnswer>

/**
 * Makes the function that takes the answers of channels that push. It needs the options of the guard.
 *
 * The guard checks when the tool starts that the policy still names the person who answered.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function approvalAnswers(options: ChannelsOptions): TakeAnswer {
  const { channels, runStore, context } = openChannels('approvalAnswers', options)
  const presence = presenceIn(options.store, options.keys, context.clock)
  return async (answer, name = 'default') => {
    const channel = channels.get(name)
    const verify = channel?.verify?.bind(channel)
    if (verify === undefined) {
      throw new ConfigurationError(
        'approvalAnswers',
        `no channel ${JSON.stringify(name)} verifies answers: give one with verify`,
      )
    }
    const given = await withinBound((signal) => verify(answer, { ...context, signal })).catch(unverified)
    const verified = checked(given)
    const { approver } = verified
    const by = isVerified(approver)
      ? await requirePresentUser(approver, presence)
      : new Vouched(approver, runStore.now(), presence)
    return takeAnswer(runStore, by, verified, ({ question }) => question?.channel === name)
  }
}

function unverified(cause: unknown): never {
  if (BehalfError.isInstance(cause) && cause.retryable) throw cause
  throw new ApprovalAnswerError('unverified', 'the channel refused the answer', { cause })
}

const texts = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string')

/** Copies the known fields of a channel's answer. A channel is code of the app: other fields prove nothing. */
function checked(given: VerifiedAnswer): VerifiedAnswer {
  const { approvalId, questionId, approver, decision, at } = given ?? {}
  const { issuer, tenant, subject, ...others } = approver ?? {}
  const evidence = evidenceOf(given?.evidence)
  // An unverified identity may be that of an agent.
  const isPerson = texts(issuer, subject, tenant ?? '') && (isVerified(approver) || Object.keys(others).length === 0)
  const isDecision = decision === 'approved' || decision === 'denied'
  if (texts(approvalId, questionId) && isPerson && isDecision && isUsable(at) && evidence !== undefined) {
    return { approvalId, questionId, approver: copyOf(approver), decision, at, evidence }
  }
  throw new ApprovalAnswerError(
    'unverified',
    'the channel must give { approvalId, questionId, approver: { issuer, subject }, decision, at, evidence }',
  )
}

/** A person whom only a channel vouches for. Made by {@link approvalAnswers} only. */
class Vouched {
  readonly identity: Principal
  readonly checkedAt: number
  readonly #presence: PresenceContext

  constructor(identity: Principal, checkedAt: number, presence: PresenceContext) {
    this.identity = identity
    this.checkedAt = checkedAt
    this.#presence = presence
  }

  /** Checks that the answer's proof, such as a link, was sent to the person with this question. */
  async confirm(askedAt: number): Promise<void> {
    const { revocations, clock } = this.#presence
    if (!(await revocations.isRevokedSince(this.identity, askedAt - SKEW_SECONDS, clock.now()))) return
    throw new InvalidTokenError('inactive', 'the access of the approver was revoked after they were asked')
  }
}

/**
 * Takes an answer that was verified: `pending -> approved | denied`, by compare-and-swap, once.
 *
 * @param isOfChannel - Whether the channel that verified the answer asked the question.
 * @throws As {@link TakeAnswer}.
 */
export async function takeAnswer(
  runStore: RunStore,
  by: PresentUser | Vouched,
  { approvalId: id, questionId, decision: state, at, evidence }: Omit<VerifiedAnswer, 'approver'>,
  isOfChannel: (record: RunRecord) => boolean,
): Promise<TakenAnswer> {
  let entry = await runStore.read(id)
  // A quick answer arrives before it is recorded that the question was sent.
  for (let waits = 0; waits < 20 && entry && isBeingSent(entry.record, questionId); waits++) {
    await pause(100)
    entry = await runStore.read(id)
  }
  if (entry === undefined || !isOfChannel(entry.record)) {
    throw new ApprovalAnswerError('unknown', 'this channel asked no such question')
  }
  const { record } = entry
  if (!isSamePrincipal(record.question?.approver, by.identity)) {
    throw new ApprovalAnswerError('wrong_approver', 'another person was asked than the one who answered')
  }
  if (!isPending(record)) throw notOpen(entry, runStore.now())
  const askedAt = record.question.delivery.sentAt ?? record.createdAt
  if (at < askedAt - SKEW_SECONDS || at > runStore.now() + SKEW_SECONDS) {
    throw new ApprovalAnswerError('unverified', 'the answer is older than its question, or from the future')
  }
  // This check is last: the body of the request may have arrived slowly, and a session that ended meanwhile must not
  // answer (I11).
  await by.confirm(askedAt)
  // The answer gets the time before the names were first read. If this read missed a revocation, that revocation came
  // after the answer.
  const now = Math.min(at, by.checkedAt)
  const isOpen = (question: StoredQuestion) => question.id === questionId && isAnswerable(question, runStore.now())
  const said = state === 'approved' ? { status: state, answeredAt: now, evidence } : { status: state, evidence }
  const written = await writeAnswer(runStore, entry, isOpen, { answer: said, sentAt: now, now })
  if (!written.isWritten) throw notOpen(written.entry, runStore.now())
  wake(id)
  return { id, state }
}

/** Returns whether an answer at this time counts: it is not late, and need not contain a credential. */
export const isAnswerable = ({ expiresAt, credential }: StoredQuestion, now: number): boolean =>
  credential === undefined && now < expiresAt

const isBeingSent = (record: RunRecord, id: string) => stateOf(record) === 'requested' && record.question?.id === id

function notOpen({ record }: Entry, now: number): ApprovalAnswerError {
  const state = stateOf(record)
  const isLate = state === 'expired' || now >= (record.question?.expiresAt ?? 0)
  return isLate
    ? new ApprovalAnswerError('late', 'the question ended before the answer arrived')
    : new ApprovalAnswerError('not_open', `the question is ${state}, or another one took its place`)
}

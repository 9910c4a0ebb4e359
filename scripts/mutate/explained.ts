import { guardExplanations } from './explained-guard.ts'
import { serverExplanations } from './explained-servers.ts'
import { tokenExplanations } from './explained-tokens.ts'
import type { Explanation } from './mutant.ts'

/** Mutants that live, each with the reason why no test needs to tell it. */
export const explanations: readonly Explanation[] = [
  ...tokenExplanations,
  ...serverExplanations,
  ...guardExplanations,
  {
    file: 'approvals/binding.ts',
    keys: [
      'bindingOf: what follows ?? removed: null',
      'bindingOf: what follows ?? removed: null (2)',
      'bindingOf: what follows ?? removed: null (3)',
    ],
    reason:
      'Left empty instead of `null`, the place still tells the same calls apart; bindings are only ever compared with others that this code made.',
  },
  {
    file: 'approvals/binding.ts',
    keys: ['bindingOf: left out: v: 1', "slotKey: left out: 'slot'", "idempotencyKey: left out: 'idempotency'"],
    reason:
      'A constant that leaves room for a next version, and keeps the kinds of hashes apart, whose parts differ in number already.',
  },
  {
    file: 'approvals/revocations.ts',
    keys: ['Revocations.has: clause removed: this.#ends.size === 0'],
    reason: 'Spares the look where nothing was ever revoked.',
  },
  {
    file: 'approvals/revocations.ts',
    keys: ['Revocations.has: clause removed: ofSubject !== undefined'],
    reason: 'A comparison with `undefined` is false; the clause is for the type.',
  },
  {
    file: 'approvals/revocations.ts',
    keys: [
      "Revocations.read: only this.#newest: Math.max(this.#newest, Number(key.split(':')[1]))",
      "Revocations.read: only Number(key.split(':')[1]): Math.max(this.#newest, Number(key.split(':')[1]))",
    ],
    reason:
      'Values come in the order of their keys, so that the last one is the newest; the other side only ever moves the place to read from back, and more is read again.',
  },
  {
    file: 'ciba/postpone.ts',
    keys: ["postpone: clause removed: 'retryAfter' in error"],
    reason: 'What an error does not have is no number; the clause is for the type.',
  },
  {
    file: 'ciba/check-answer-identity.ts',
    keys: ['answerIdentityProblem: guard removed: response.idToken === undefined'],
    reason: 'The verification refuses what is no token, and the answer fails just so; the guard only says it better.',
  },
  {
    file: 'ciba/check-answer-identity.ts',
    keys: ['timeProblem: clause removed: sentAt !== undefined'],
    reason: 'A comparison with what is not a number is false; the clause is for the type.',
  },
  {
    file: 'ciba/verify-backchannel-answer.ts',
    keys: ["grantedAsAsked: clause removed: 'problem' in copied"],
    reason: 'What could not be copied has no value, and is no list.',
  },
  {
    file: 'approvals/binding.ts',
    keys: ["bindingOf: clause removed: identity.kind === 'user'"],
    reason: 'Who verifies an agent gives it no actor; the clause is for the type.',
  },
  {
    file: 'approvals/find-run.ts',
    keys: ["noteCrash: clause removed: entry.record.state !== 'running'"],
    reason: 'Spares the look at the lease: the change below leaves whatever is not running as it is.',
  },
  {
    file: 'approvals/end-run.ts',
    keys: ['unask: clause removed: channel?.cancel === undefined'],
    reason: 'Spares the work: the call below is made only where the channel has it.',
  },
  {
    file: 'approvals/settle-run.ts',
    keys: [
      'voidIfOver: clause removed: record.usableUntil !== undefined',
      'isOver: clause removed: record.usableUntil !== undefined',
      'isOver: what follows ?? removed: 0',
    ],
    reason: 'A comparison with what is absent is false; the clauses are for the type.',
  },
  {
    file: 'approvals/look-for-answer.ts',
    keys: ['lookForAnswer: clause removed: ledger.now() < entry.record.delivery.nextLookAt'],
    reason: 'Spares the lease: the same is asked of the newest record under it, and nobody looks sooner.',
  },
  {
    file: 'approvals/look-for-answer.ts',
    keys: ['isOver: clause removed: expiresAt !== undefined', "retryAfterOf: clause removed: 'retryAfter' in error"],
    reason: 'What is absent is neither a number nor at an end; the clauses are for the type.',
  },
  {
    file: 'approvals/deliver-question.ts',
    keys: ['countQuestion: what follows ?? removed: null'],
    reason: 'In a list, JSON writes `undefined` as `null` too.',
  },
  {
    file: 'approvals/deliver-question.ts',
    keys: ['refused: clause removed: error instanceof OAuthResponseError'],
    reason: 'Of all our errors only this one has a field `error`; the clause is for the type.',
  },
  {
    file: 'vault/connect-attempts.ts',
    keys: ["ConnectAttempts.claim: what follows ?? removed: ''"],
    reason: 'Without a state the store is not asked, so that the key of none is never used.',
  },
]

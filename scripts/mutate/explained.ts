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
    keys: ["slotKey: left out: 'slot'", "idempotencyKey: left out: 'idempotency'"],
    reason:
      'A constant that leaves room for a next version, and keeps the kinds of hashes apart, whose parts differ in number already.',
  },
  {
    file: 'ciba/postpone.ts',
    keys: ["postpone: clause removed: 'retryAfter' in error"],
    reason: 'What an error does not have is no number; the clause is for the type.',
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
    file: 'approvals/look-for-answer.ts',
    keys: ["retryAfterOf: clause removed: 'retryAfter' in error"],
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

import type { Explanation } from './mutant.ts'

/** Mutants of the guard that live, each with the reason why no test needs to tell it. */
export const guardExplanations: readonly Explanation[] = [
  {
    file: 'guard/check-identity.ts',
    keys: ['hasExpired: clause removed: expiresAt !== undefined'],
    reason: 'A comparison with what is absent is false; the clause is for the type.',
  },
  {
    file: 'guard/check-roles.ts',
    keys: ['checkRoles: clause removed: identity === undefined'],
    reason: 'Step 2 lets no call without an identity come here; the clause is for the type.',
  },
  {
    file: 'guard/check-permission.ts',
    keys: ['checkPermission: clause removed: identity === undefined'],
    reason: 'Step 2 lets no call without an identity come here; the clause is for the type.',
  },
  {
    file: 'guard/check-call.ts',
    keys: [
      'checkCaller: clause removed: !areConnected(progress, environment)',
      'checkOutside: clause removed: areConnected(progress, environment)',
    ],
    reason:
      'The slow way finds the same tokens in the same cache, and asks the vault for none that is there: spares promises.',
  },
  {
    file: 'guard/check-call.ts',
    keys: ['checkAgain: guard removed: definition.isPublic'],
    reason:
      'A public tool is a read without credentials and permission: it waits for nothing, and is not looked at again.',
  },
  {
    file: 'guard/check-call.ts',
    keys: [
      'checkAgain: clause removed: identity !== undefined',
      'needsApproval: clause removed: identity === undefined',
    ],
    reason: 'Step 2 lets no call without an identity come here; the clauses are for the type.',
  },
  {
    file: 'guard/decide.ts',
    keys: [
      'abandon: call removed: late.access.close()',
      'admitSlowly: call removed: access.close()',
      'close: call removed: access.close()',
    ],
    reason:
      'Credentials are made when a body first looks at them. Here none runs, so that there is none to be used after its end.',
  },
  {
    file: 'guard/draft-question.ts',
    keys: ["approverOf: guard removed: identity.kind !== 'user'"],
    reason: 'An agent has no subject, and an approver without one is refused in the same words; for the type.',
  },
  {
    file: 'guard/draft-question.ts',
    keys: ["plainDetails: clause removed: 'problem' in copied"],
    reason: 'What could not be copied has no value, and no value is no list.',
  },
  {
    file: 'guard/resource-token.ts',
    keys: [
      'resourceToken: guard removed: identity === undefined',
      'renewedToken: guard removed: progress.identity === undefined',
    ],
    reason: 'Step 2 lets no call with credentials and without an identity come here; for the type.',
  },
  {
    file: 'guard/resource-token.ts',
    keys: [
      "resourceToken: clause removed: 'error' in error",
      "resourceToken: clause removed: typeof code !== 'string'",
    ],
    reason: 'An error of ours without that field has `undefined` there, which no list of error codes holds.',
  },
  {
    file: 'guard/resource-token.ts',
    keys: ['approvalToken: guard removed: token === undefined'],
    reason:
      'No answer approves without the token that was to carry it, and whatever takes the token out of a record ends the record; without the clause such a call would fail as well, in other words.',
  },
  {
    file: 'guard/resource-token.ts',
    keys: ["approvalToken: what follows ?? removed: ''", 'approvalToken: clause removed: dpop !== undefined'],
    reason:
      'The credential was found in the question, and a bound token without a key here was refused some lines above; for the type.',
  },
  {
    file: 'guard/token-key.ts',
    keys: [
      "tokenKey: clause removed: rule.kind === 'connection'",
      "tokenKey: clause removed: typeof rule.account === 'function'",
    ],
    reason:
      'A resource has no account; and an account that is the same for everybody makes the same key, whether its description is made once or at each call.',
  },
  {
    file: 'guard/approval-inbox.ts',
    keys: ["approvalInbox.asked: what follows ?? removed: ''", 'isOpenTo: what follows ?? removed: 0'],
    reason:
      'Without a question nobody is told anything, and nobody was asked: no channel and no time is looked at; for the type.',
  },
  {
    file: 'guard/revoke.ts',
    keys: ["end: what follows ?? removed: ''"],
    reason: 'Without a question no channel is told anything; for the type.',
  },
  {
    file: 'guard/run-body.ts',
    keys: ['noteThrow: >= instead: writes.length > 0'],
    reason: 'Spares waiting for nothing.',
  },
  {
    file: 'guard/parse-input.ts',
    keys: ['afterSecond: guard removed: equalJson(input, again.value as Json)'],
    reason: 'What is equal also means the same: spares a copy.',
  },
  {
    file: 'guard/step-up.ts',
    keys: [
      'mayAwaitStepUp: clause removed: credentialNames(progress).length > 0',
      'mayAwaitStepUp: >= instead: credentialNames(progress).length > 0',
      "mayAwaitStepUp: clause removed: progress.identity?.kind === 'user'",
    ],
    reason: 'Spares the slower way: `awaitedStepUp` looks for no names of its own, and for users only.',
  },
  {
    file: 'guard/step-up.ts',
    keys: ['mayAwaitStepUp: <= instead: progress.checkedAt < stepUps.until'],
    reason: 'One millisecond of fifteen minutes, which the store counts from a little later anyway.',
  },
  {
    file: 'guard/step-up.ts',
    keys: ["awaitedStepUp: guard removed: identity?.kind !== 'user'"],
    reason: 'Asked only after `mayAwaitStepUp` found a user; the clause is for the type.',
  },
  {
    file: 'guard/step-up.ts',
    keys: [
      'isAnswered: clause removed: acr !== undefined',
      'isAnswered.isRecent: clause removed: authTime !== undefined',
      'isAnswered: clause removed: provenAt !== undefined',
    ],
    reason: 'What is absent is in no list, and every comparison with it is false; the clauses are for the type.',
  },
  {
    file: 'guard/step-up.ts',
    keys: [
      'keyOf: guard removed: found !== undefined',
      'keyOf: > instead: known.size >= MAX_KEYS',
      'keyOf: condition negated: known.size >= MAX_KEYS',
      'keyOf: call removed: known.clear()',
      'keyOf: call removed: keys.set(identity, known.set(name, key))',
    ],
    reason: 'Spares hashing the same name again, in bounded memory; the key is the same.',
  },
  {
    file: 'guard/step-up.ts',
    keys: ['keyOf: what follows ?? removed: null', 'keyOf: what follows ?? removed: null (2)'],
    reason:
      'Left empty instead of `null`, the place still tells the same owners apart; keys are only ever compared with others that this code made.',
  },
]

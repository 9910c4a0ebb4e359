/** One mutant of an invariant's guard, and the test file of `packages/core` that has to notice it. */
export interface Sampled {
  readonly holds: string
  /** From `packages/core/src`. */
  readonly file: string
  readonly key: string
  readonly test: string
}

const unit = (name: string) => `test/unit/${name}.test.ts`
const attacks = unit('guard/attacks')
const rules = unit('guard/rules')
const answers = unit('approvals/after-an-answer')
const asked = unit('fga/what-may-asks')

/** What `npm run check` takes out: one guard of each invariant, in few test files, since each has to be loaded. */
export const sample: readonly Sampled[] = [
  {
    holds: 'I1',
    file: 'guard/check-identity.ts',
    key: 'checkIdentity: guard removed: !isVerified(identity)',
    test: attacks,
  },
  {
    holds: 'I2',
    file: 'token-exchange/token-cache-key.ts',
    key: 'ownerOf: left out: issuer: issuer as string',
    test: unit('token-exchange/whose-token'),
  },
  {
    holds: 'I3',
    file: 'credential/token.ts',
    key: "Token.toJSON: this.#value instead: '[token]'",
    test: unit('credential/token'),
  },
  {
    holds: 'I4',
    file: 'lib/single-flight.ts',
    key: 'SingleFlight.#leave: guard removed: flight.waiting > 0',
    test: unit('lib/single-flight'),
  },
  {
    holds: 'I5',
    file: 'roles/bound-scopes.ts',
    key: 'boundScopes: clause removed: !ceiling.has(scope)',
    test: unit('roles/bound-scopes'),
  },
  {
    holds: 'I6',
    file: 'credential/check-request.ts',
    key: 'checkRequest: clause removed: !origins.includes(url.origin)',
    test: unit('credential/what-is-sent'),
  },
  {
    holds: 'I7',
    file: 'identity/introspection.ts',
    key: 'checkTarget: guard removed: audienceOf(claims).some((one) => audience.includes(one))',
    test: unit('identity/introspection-clauses'),
  },
  {
    holds: 'I8',
    file: 'identity/check-binding.ts',
    key: 'checkBinding: guard removed: jkt !== provedKey',
    test: unit('identity/verification-clauses'),
  },
  {
    holds: 'I9',
    file: 'token-exchange/token-cache.ts',
    key: 'TokenCache.revoke: clause removed: of.issuer === issuer',
    test: unit('token-exchange/whose-token'),
  },
  {
    holds: 'I10',
    file: 'identity/present-user.ts',
    key: 'requirePerson: guard removed: identity.actor !== undefined',
    test: unit('guard/who-may-do-what'),
  },
  {
    holds: 'I11',
    file: 'identity/unless-revoked.ts',
    key: 'unlessRevoked.read: clause removed: (await isRevoked(found.login))',
    test: unit('identity/revoked-sessions'),
  },
  {
    holds: 'I12',
    file: 'guard/caller-scopes.ts',
    key: 'checkCallerScopes: condition negated: lacking === undefined',
    test: unit('guard/caller-scopes'),
  },
  {
    holds: 'A11',
    file: 'approvals/entitlement.ts',
    key: 'entitlementOf: guard removed: misfit !== undefined',
    test: unit('guard/entitlement'),
  },
  {
    holds: 'A12',
    file: 'approvals/binding.ts',
    key: 'slotKey: left out: rawInput',
    test: unit('approvals/which-slot'),
  },
  {
    holds: 'A13',
    file: 'credential/effects.ts',
    key: 'isDefiniteRefusal: always true: DEFINITE_REFUSALS.has(status)',
    test: unit('guard/in-doubt'),
  },
  {
    holds: 'A14',
    file: 'approvals/refusals.ts',
    key: 'noesSince: clause removed: record.reopened !== true',
    test: unit('guard/worn-down'),
  },
  {
    holds: 'A1',
    file: 'approvals/binding.ts',
    key: 'bindingOf: left out: call.input',
    test: unit('approvals/binding'),
  },
  {
    holds: 'A2',
    file: 'approvals/record.ts',
    key: 'mayBecome: clause removed: next[from].includes(to)',
    test: unit('approvals/which-slot'),
  },
  {
    holds: 'A3',
    file: 'guard/run-of-call.ts',
    key: 'newRun.record: condition negated: question === undefined',
    test: attacks,
  },
  {
    holds: 'A4',
    file: 'approvals/look-for-answer.ts',
    key: 'postponed: only intervalOf(answer.interval, before): Math.max(before, intervalOf(answer.interval, before))',
    test: answers,
  },
  {
    holds: 'A5',
    file: 'approvals/binding.ts',
    key: 'idempotencyKey: left out: binding',
    test: unit('approvals/which-slot'),
  },
  {
    holds: 'A6',
    file: 'approvals/look-for-answer.ts',
    key: 'askedAgain: clause removed: record.sends >= MAX_SENDS',
    test: answers,
  },
  {
    holds: 'A7',
    file: 'approvals/look-for-answer.ts',
    key: 'askedAgain: clause removed: now >= record.question.expiresAt',
    test: answers,
  },
  {
    holds: 'A8',
    file: 'guard/draft-question.ts',
    key: 'draftQuestion: guard removed: unreadable !== undefined',
    test: rules,
  },
  {
    holds: 'A9',
    file: 'approvals/look-for-answer.ts',
    key: 'approved: clause removed: token === undefined',
    test: answers,
  },
  {
    holds: 'A10',
    file: 'guard/parse-input.ts',
    key: 'afterFirst: guard removed: dropped !== undefined',
    test: attacks,
  },
  {
    holds: 'F1',
    file: 'fga/read-answer.ts',
    key: 'readBody: guard removed: answer.status !== 200',
    test: unit('fga/fga-client'),
  },
  {
    holds: 'F2',
    file: 'fga/question.ts',
    key: 'questionsFor: left out: relation: delegationRelation(relations)',
    test: asked,
  },
  { holds: 'F3', file: 'fga/question.ts', key: 'keyOf: left out: user', test: asked },
  {
    holds: 'F4',
    file: 'fga/may.ts',
    key: 'assertPermission: guard removed: !isObjectName(permission.object)',
    test: asked,
  },
  {
    holds: 'F5',
    file: 'guard/check-permission.ts',
    key: 'checkPermission: guard removed: !environment.observe',
    test: attacks,
  },
  {
    holds: 'E1',
    file: 'errors/behalf-error.ts',
    key: 'BehalfError.constructor: call removed: Object.defineProperty(this, brand, { value: true })',
    test: unit('errors/errors'),
  },
  {
    holds: 'E2',
    file: 'fga/ask-server.ts',
    key: "repeat: clause removed: (repeatAfter === 'outage' || error.status === 429)",
    test: unit('fga/fga-client'),
  },
  {
    holds: 'E3',
    file: 'lib/options.ts',
    key: 'refuseUnknownKeys: guard removed: !known.includes(key)',
    test: unit('lib/options-clauses'),
  },
  {
    holds: 'E4',
    file: 'credential/redact-tokens.ts',
    key: 'Redaction.value: guard removed: Array.isArray(value)',
    test: unit('credential/what-redaction-finds'),
  },
  {
    holds: 'E5',
    file: 'guard/step-up.ts',
    key: 'awaitedStepUp: guard removed: !isAnswered(parsed.data, identity, environment.ledger.now())',
    test: unit('guard/step-up'),
  },
  {
    holds: 'E6',
    file: 'credential/redact-error.ts',
    key: 'redactError: condition negated: new Search(secrets).finds(thrown)',
    test: unit('credential/redact-error'),
  },
]

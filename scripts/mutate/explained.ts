import type { Explanation } from './mutant.ts'

/** Mutants that live, each with the reason why no test needs to tell it. */
export const explanations: readonly Explanation[] = [
  {
    file: 'identity/introspection.ts',
    keys: [
      "checkTimes: clause removed: typeof exp === 'number'",
      "checkTimes: clause removed: typeof nbf === 'number'",
    ],
    reason: 'The line above refuses what is neither a number nor absent, and a comparison with `undefined` is false.',
  },
  {
    file: 'identity/verify-id-token.ts',
    keys: ["checkAccessTokenHash: clause removed: typeof claims.at_hash === 'string'"],
    reason: 'What is no text is written as one for the comparison, and no such text is a hash.',
  },
  {
    file: 'identity/verify-request.ts',
    keys: [
      "verifyRequest: what follows ?? removed: ''",
      'verifyRequest: clause removed: scheme === undefined',
      'verifyRequest: clause removed: token === undefined',
    ],
    reason:
      'The pattern takes what is absent for the text “undefined”, which is no scheme; and a match sets scheme and token, both or neither.',
  },
  {
    file: 'identity/verify-token-response.ts',
    keys: ['verifyTokenResponse: clause removed: key !== undefined'],
    reason: 'An answer of type DPoP was refused above where there is no key.',
  },
  {
    file: 'token-exchange/token-cache-key.ts',
    keys: [
      'encode: what follows ?? removed: null',
      'encode: what follows ?? removed: null (2)',
      'encode: what follows ?? removed: null (3)',
      'encode: what follows ?? removed: null (4)',
      'encode: what follows ?? removed: null (5)',
      'encode: what follows ?? removed: null (6)',
      'encode: what follows ?? removed: null (7)',
      'encode: what follows ?? removed: null (8)',
      'encode: what follows ?? removed: null (9)',
    ],
    reason: 'In a list, JSON writes `undefined` as `null` too.',
  },
  {
    file: 'token-exchange/token-cache.ts',
    keys: ['TokenCache.peek: <= instead: now < entry.renewAt'],
    reason: 'The millisecond at which a token is renewed has a random part.',
  },
  {
    file: 'token-exchange/token-cache.ts',
    keys: [
      'TokenCache.delete: clause removed: issued !== undefined',
      'TokenCache.delete: clause removed: this.#shared !== undefined',
    ],
    reason:
      'Without a shared store nobody reads what was refused, and without a token there is nothing to remember; the clauses only spare the entry.',
  },
  {
    file: 'token-exchange/token-cache.ts',
    keys: ['TokenCache.#keep: guard removed: issued.expiresAt === undefined'],
    reason:
      'Without an end the time that is left is not a number, and not above zero: such a token is kept in neither case.',
  },
  {
    file: 'lib/single-flight.ts',
    keys: ['SingleFlight.run: guard removed: signal.aborted'],
    reason:
      'Whoever aborted left already. Leaving twice after the end takes nobody along: all who waited have their answer.',
  },
  {
    file: 'lib/single-flight.ts',
    keys: ["SingleFlight.run: call removed: signal.removeEventListener('abort', onAbort)"],
    reason: 'Only lets go of memory sooner: after the end the listener finds nothing to leave.',
  },
  {
    file: 'lib/single-flight.ts',
    keys: ['SingleFlight.#start: call removed: this.#flights.delete(key)'],
    reason: 'All who wait leave in the same turn, and the last one to leave removes the work too.',
  },
  {
    file: 'lib/single-flight.ts',
    keys: ['SingleFlight.#start: call removed: result.catch(() => {})'],
    reason:
      'Keeps a rejection without a reader from ending the process; a run of vitest tells that as an error of the run, of no test.',
  },
  {
    file: 'credential/check-request.ts',
    keys: ['checkRequest: clause removed: url === undefined', 'checkRequest: clause removed: url !== undefined'],
    reason: 'Only an address that was read has the protocol of the web; the clause is for the type.',
  },
  {
    file: 'credential/create-credential.ts',
    keys: [
      'BoundCredential.send: call removed: await response.body?.cancel()',
      'BoundCredential.#attempt: call removed: await response.body?.cancel()',
      'BoundCredential.#attempt: call removed: await response.body?.cancel() (2)',
    ],
    reason: 'Frees the connection sooner; nobody reads that answer in either case.',
  },
  {
    file: 'lib/plain-json.ts',
    keys: ['copyMember: clause removed: descriptor === undefined'],
    reason:
      'Keys come from the object itself. Where a proxy hides one, the next clause throws a TypeError instead, and the input is refused just so.',
  },
  {
    file: 'lib/plain-json.ts',
    keys: ['equalJson: clause removed: Object.hasOwn(right, key)'],
    reason:
      'The number of keys is the same on both sides, and a copied value holds no `undefined`, so that a key that is missing differs in its value.',
  },
  {
    file: 'lib/plain-json.ts',
    keys: ["meansSame: clause removed: 'value' in copied"],
    reason: 'What could not be copied has no value, and equals no JSON.',
  },
  {
    file: 'lib/plain-json.ts',
    keys: ["deepFreeze: clause removed: typeof value !== 'object'", 'deepFreeze: clause removed: value === null'],
    reason: 'Everything that is no object counts as frozen, so that the last clause says the same.',
  },
  {
    file: 'credential/redact-tokens.ts',
    keys: [
      'redactTokens: clause removed: value === null',
      'redactTokens: clause removed: tokens.length === 0',
      "redactTokens: clause removed: (typeof value !== 'string' && typeof value !== 'object')",
    ],
    reason:
      'Spares the walk: without tokens nothing is found, and what is neither text nor object is given back by the first step.',
  },
  {
    file: 'credential/redact-tokens.ts',
    keys: [
      'Redaction.constructor: what follows ?? removed: Number.POSITIVE_INFINITY',
      'Redaction.#text: guard removed: text.length < this.#shortest',
    ],
    reason: 'Spares the search in texts that are shorter than every token: nothing is found there.',
  },
  {
    file: 'credential/redact-tokens.ts',
    keys: [
      'Redaction.value: <= instead: --this.#left < 0',
      'Redaction.#array: clause removed: index < array.length',
      'Redaction.#array: <= instead: index < array.length',
      'Redaction.#array: clause removed: this.#left > 0',
      'Redaction.#array: >= instead: this.#left > 0',
    ],
    reason:
      'Each value is held to the budget by itself as well, and behind its end a list has nothing; one sign more or less of 262,144 is looked at.',
  },
  {
    file: 'credential/redact-error.ts',
    keys: [
      'ErrorRedaction.clean: clause removed: this.#seen.size >= BUDGET',
      'ErrorRedaction.clean: > instead: this.#seen.size >= BUDGET',
    ],
    reason: 'A bound on work: without it, or with one part more, more is looked at and never less.',
  },
  {
    file: 'credential/redact-stream.ts',
    keys: [
      'beginningAtEnd: only 0: Math.max(0, text.length - secret.length + 1)',
      'beginningAtEnd: only text.length - secret.length + 1: Math.max(0, text.length - secret.length + 1)',
      'beginningAtEnd: <= instead: at < keep',
    ],
    reason:
      'Where the search begins only spares work: what is longer than a token is no beginning of it, and at the same place the same is kept.',
  },
  {
    file: 'roles/map-roles.ts',
    keys: ["knownFrom: clause removed: 'problem' in read"],
    reason: 'An object without a problem has `undefined` there, which is no text either; the clause is for the type.',
  },
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
    file: 'fga/check-queue.ts',
    keys: ['CheckQueue.#join: call removed: entry.verdict.promise.catch(() => {})'],
    reason:
      'Keeps a rejection without a reader from ending the process; a run of vitest tells that as an error of the run, of no test.',
  },
  {
    file: 'fga/ask-server.ts',
    keys: ['send: call removed: await response.body?.cancel().catch(() => {})'],
    reason: 'Frees the connection sooner; nobody reads that answer in either case.',
  },
  {
    file: 'fga/object.ts',
    keys: ['fits: clause removed: text.length * 3 <= maxBytes', 'fits: < instead: text.length * 3 <= maxBytes'],
    reason: 'Spares the encoding of short texts: what it would count is within the limit.',
  },
  {
    file: 'guard/token-key.ts',
    keys: ['tokenKey: call removed: byScopes.set(scopes, wanted)'],
    reason: 'Spares making the description anew at each call; the key is the same.',
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
    file: 'guard/check-identity.ts',
    keys: ['hasExpired: clause removed: expiresAt !== undefined'],
    reason: 'A comparison with what is absent is false; the clause is for the type.',
  },
  {
    file: 'delegations/create-delegation.ts',
    keys: ['checkPresent: clause removed: identity.expiresAt !== undefined'],
    reason: 'A comparison with what is absent is false; the clause is for the type.',
  },
  {
    file: 'fga/open-fga.ts',
    keys: [
      "decisionOf: clause removed: 'problem' in verdict",
      'decisionOf: clause removed: verdict.problem !== undefined',
    ],
    reason:
      'A verdict without a problem has `undefined` there, and no reader tells that from nothing; the clauses are for the type.',
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
  {
    file: 'guard/step-up.ts',
    keys: ["awaitedStepUp: guard removed: identity?.kind !== 'user'"],
    reason: 'Asked only after `mayAwaitStepUp` found a user; the clause is for the type.',
  },
  {
    file: 'resource-server/verify-proof.ts',
    keys: ['verifyProof: clause removed: error instanceof Error'],
    reason: 'What is called here throws nothing but errors; the clause is for the type.',
  },
  {
    file: 'resource-server/protect-request.ts',
    keys: ['proved: clause removed: nonces !== undefined'],
    reason: 'A proof is held to a nonce only where the API has nonces; the clause is for the type.',
  },
  {
    file: 'resource-server/check-authentication.ts',
    keys: ['isAuthenticated: clause removed: acr === undefined'],
    reason: 'No list of texts holds `undefined`; the clause is for the type.',
  },
  {
    file: 'resource-server/check-authentication.ts',
    keys: ['isAuthenticated: clause removed: authTime !== undefined'],
    reason:
      'The time since what is absent is no number, and a comparison with it is false; the clause is for the type.',
  },
  {
    file: 'resource-server/create-approval-gate.ts',
    keys: ["isApproved: clause removed: 'value' in copied"],
    reason: 'What could not be copied has no value, and equals no JSON.',
  },
  {
    file: 'resource-server/create-approval-gate.ts',
    keys: ['ownerOf: what follows ?? removed: null'],
    reason: 'In a list, JSON writes `undefined` as `null` too.',
  },
  {
    file: 'resource-server/create-approval-gate.ts',
    keys: ['keyOf: clause removed: value !== undefined'],
    reason: 'The pattern takes what is absent for the text “undefined”, and what is absent is given back all the same.',
  },
  {
    file: 'resource-server/run-once.ts',
    keys: [
      "answerOf: clause removed: record.state !== 'done'",
      'answerOf: clause removed: record.answer === undefined',
    ],
    reason:
      'A record gets its answer in the same writing as it becomes done, and no other has one: each clause says what the other does.',
  },
  {
    file: 'token-exchange/check-issued-token.ts',
    keys: ['verifyIssued: clause removed: !BehalfError.isInstance(error)'],
    reason: 'Of all that is thrown there only an error of ours has this code; the clause is for the type.',
  },
  {
    file: 'token-exchange/request-id-jag.ts',
    keys: ['checked: clause removed: !BehalfError.isInstance(error)'],
    reason: 'Of all that is thrown there only an error of ours has this code; the clause is for the type.',
  },
  {
    file: 'token-exchange/redeem-id-jag.ts',
    keys: ['verified: clause removed: !BehalfError.isInstance(error)'],
    reason: 'Of all that is thrown there only an error of ours has this code; the clause is for the type.',
  },
  {
    file: 'token-exchange/exchange-token.ts',
    keys: [
      "exchangeToken: clause removed: response.tokenType === 'dpop'",
      'exchangeToken: clause removed: profile.dpop !== undefined',
    ],
    reason:
      'A bound token comes to a profile with a key and to no other: `grant` refuses it without one, and `checkResponse` every other token where there is one.',
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
    file: 'ciba/check-answer-identity.ts',
    keys: ["accessTokenProblem: clause removed: typeof claims.at_hash === 'string'"],
    reason: 'What is no text is written as one for the comparison, and no such text is a hash.',
  },
  {
    file: 'ciba/verify-backchannel-answer.ts',
    keys: ["grantedAsAsked: clause removed: 'problem' in copied"],
    reason: 'What could not be copied has no value, and is no list.',
  },
  {
    file: 'delegations/create-delegation.ts',
    keys: ['ownLogin: clause removed: audience !== undefined'],
    reason: 'An audience that is `undefined` reads as one that is absent: `renewLogin` looks at its value alone.',
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
    file: 'fga/ask-server.ts',
    keys: ['repeat: clause removed: retryAfter === undefined'],
    reason: 'A pause of a time that is no number is none: its timer ends at once.',
  },
  {
    file: 'fga/open-fga.ts',
    keys: ["decisionOf: what follows ?? removed: { kind: 'denied', problem: 'the answer leaves this out' }"],
    reason:
      'The queue gives a verdict for each question, and denies itself what an answer leaves out; the default is for the type.',
  },
  {
    file: 'fga/open-fga.ts',
    keys: ['decisionOf: clause removed: checks.length > 0', 'decisionOf: >= instead: checks.length > 0'],
    reason:
      'There is a question at least: a decision without permissions is refused before, and of a list each permission is asked about by itself.',
  },
  {
    file: 'fga/check-queue.ts',
    keys: ["CheckQueue.#join: clause removed: sent.sentAt === ''"],
    reason: 'Where no time is added, the time of now is empty too, and the last clause says the same.',
  },
  {
    file: 'identity/session-login.ts',
    keys: ["renewLogin: clause removed: 'error' in error"],
    reason: 'An error without that field has nothing there that equals the code; the clause is for the type.',
  },
  {
    file: 'lib/plain-json.ts',
    keys: ["deepFreeze: clause removed: typeof held === 'object'", 'deepFreeze: clause removed: held !== null'],
    reason: 'Spares a call, which answers yes for what is no object.',
  },
]

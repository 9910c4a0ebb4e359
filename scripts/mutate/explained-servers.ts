import type { Explanation } from './mutant.ts'

/** Of permissions, of APIs, and of what all rooms stand on. */
export const serverExplanations: readonly Explanation[] = [
  {
    file: 'lib/single-flight.ts',
    keys: ['SingleFlight.run: guard removed: signal.aborted'],
    reason:
      'Whoever aborted left already. Leaving twice after the end takes nobody along: all who waited have their answer.',
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
    file: 'fga/check-queue.ts',
    keys: ['CheckQueue.#join: call removed: entry.verdict.promise.catch(() => {})'],
    reason:
      'Keeps a rejection without a reader from ending the process; a run of vitest tells that as an error of the run, of no test.',
  },
  {
    file: 'fga/ask-server.ts',
    keys: ['send: call removed: letGo(response)'],
    reason: 'Frees the connection sooner; nobody reads that answer in either case.',
  },
  {
    file: 'fga/object.ts',
    keys: ['fits: clause removed: text.length * 3 <= maxBytes', 'fits: < instead: text.length * 3 <= maxBytes'],
    reason: 'Spares the encoding of short texts: what it would count is within the limit.',
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
    file: 'lib/plain-json.ts',
    keys: ["deepFreeze: clause removed: typeof held === 'object'", 'deepFreeze: clause removed: held !== null'],
    reason: 'Spares a call, which answers yes for what is no object.',
  },
]

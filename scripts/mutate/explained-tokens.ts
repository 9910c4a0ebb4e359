import type { Explanation } from './mutant.ts'

/** Of who somebody is, and of their tokens. */
export const tokenExplanations: readonly Explanation[] = [
  {
    file: 'identity/introspection.ts',
    keys: [
      "checkTimes: clause removed: typeof exp === 'number'",
      "checkTimes: clause removed: typeof nbf === 'number'",
    ],
    reason: 'The line above refuses what is neither a number nor absent, and a comparison with `undefined` is false.',
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
      'tokenCacheKey: what follows ?? removed: null',
      'tokenCacheKey: what follows ?? removed: null (2)',
      'tokenCacheKey: what follows ?? removed: null (3)',
      'tokenCacheKey: what follows ?? removed: null (4)',
      'tokenCacheKey: what follows ?? removed: null (5)',
      'tokenCacheKey: what follows ?? removed: null (6)',
      'tokenCacheKey: what follows ?? removed: null (7)',
      'tokenCacheKey: what follows ?? removed: null (8)',
      'tokenCacheKey: what follows ?? removed: null (9)',
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
    file: 'credential/check-request.ts',
    keys: ['checkRequest: clause removed: url === undefined', 'checkRequest: clause removed: url !== undefined'],
    reason: 'Only an address that was read has the protocol of the web; the clause is for the type.',
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
    file: 'delegations/create-delegation.ts',
    keys: ['ownLogin: clause removed: audience !== undefined'],
    reason: 'An audience that is `undefined` reads as one that is absent: `renewLogin` looks at its value alone.',
  },
]

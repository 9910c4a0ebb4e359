import type { AccessRule, Identity } from '../contract/index.ts'
import { type TokenCacheKey, tokenCacheKey, type WantedToken } from '../token-exchange/index.ts'

const wantedByRule = new WeakMap<AccessRule, Map<readonly string[], WantedToken>>()

/**
 * The key under which a rule's token is cached for this identity (I2).
 *
 * The description of what is wanted is made once for a rule and its scopes, so that a warm call looks it up.
 */
export function tokenKey(identity: Identity, rule: AccessRule, scopes: readonly string[]): TokenCacheKey {
  let byScopes = wantedByRule.get(rule)
  if (byScopes === undefined) {
    byScopes = new Map()
    wantedByRule.set(rule, byScopes)
  }
  let wanted = byScopes.get(scopes)
  if (wanted === undefined) {
    wanted = wantedToken(rule, scopes)
    byScopes.set(scopes, wanted)
  }
  return tokenCacheKey(identity, wanted)
}

function wantedToken(rule: AccessRule, scopes: readonly string[]): WantedToken {
  return Object.freeze({
    source: rule.kind,
    target: rule.kind === 'resource' ? rule.resource : rule.connection,
    scopes: Object.freeze([...scopes]),
    ...(rule.kind === 'connection' && rule.account !== undefined && { account: rule.account }),
  })
}

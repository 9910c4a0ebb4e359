import type { AccessRule, ConnectionRule, Identity, ResourceRule } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { type TokenCacheKey, tokenCacheKey, type WantedToken } from '../token-exchange/index.ts'

const wantedByRule = new WeakMap<AccessRule, Map<readonly string[], WantedToken>>()

/**
 * The key under which a rule's token is cached for this identity (I2).
 *
 * The description of what is wanted is made once for a rule and its scopes, so that a warm call looks it up.
 */
export function tokenKey(identity: Identity, rule: AccessRule, scopes: readonly string[]): TokenCacheKey {
  // A choice by identity is made at each call: what an app stores may have changed.
  if (rule.kind === 'connection' && typeof rule.account === 'function') {
    return tokenCacheKey(identity, wantedToken(rule, scopes, accountOf(rule, identity)))
  }
  let byScopes = wantedByRule.get(rule)
  if (byScopes === undefined) {
    byScopes = new Map()
    wantedByRule.set(rule, byScopes)
  }
  let wanted = byScopes.get(scopes)
  if (wanted === undefined) {
    wanted = wantedToken(rule, scopes, rule.kind === 'connection' ? accountOf(rule, identity) : undefined)
    byScopes.set(scopes, wanted)
  }
  return tokenCacheKey(identity, wanted)
}

/** Which account the policy names for this user. @throws ConfigurationError Its function gave neither text nor nothing. */
export function accountOf({ account }: ConnectionRule, identity: Identity): string | undefined {
  if (typeof account !== 'function') return account
  if (identity.kind !== 'user') return undefined
  const chosen: unknown = account({ identity })
  if (chosen === undefined || (typeof chosen === 'string' && chosen !== '')) return chosen
  throw new ConfigurationError('connection.account', 'gave neither an account id nor undefined')
}

/** Two servers may issue tokens for one API. No URI has a space. */
function resourceTarget({ resource, through }: ResourceRule): string {
  return through === undefined ? resource : `${resource} ${through.issuer}`
}

function wantedToken(rule: AccessRule, scopes: readonly string[], account: string | undefined): WantedToken {
  return Object.freeze({
    source: rule.kind,
    target: rule.kind === 'resource' ? resourceTarget(rule) : rule.connection,
    scopes: Object.freeze([...scopes]),
    ...(account !== undefined && { account }),
  })
}

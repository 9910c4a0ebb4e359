import type { AuthorizationServers, DpopKey } from '../authorization-server/index.ts'
import type { AccessRule, ConnectionRule, Identity, ResourceRule } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { profileOfRoute, type TokenCacheKey, tokenCacheKey, type WantedToken } from '../token-exchange/index.ts'

/** Stands for the key where the token is bound to none. */
const unbound = Object.freeze({ thumbprint: undefined })

type Binding = DpopKey | typeof unbound

const wantedByRule = new WeakMap<AccessRule, WeakMap<Binding, Map<readonly string[], WantedToken>>>()

/**
 * The key under which a rule's token is cached for this identity (I2).
 *
 * The description of what is wanted is made once for a rule, its scopes and the key, so that a warm call looks it up.
 */
export function tokenKey(
  identity: Identity,
  rule: AccessRule,
  scopes: readonly string[],
  servers: AuthorizationServers,
): TokenCacheKey {
  // A choice by identity is made at each call: what an app stores may have changed.
  if (rule.kind === 'connection' && typeof rule.account === 'function') {
    return tokenCacheKey(identity, wantedToken(rule, scopes, accountOf(rule, identity), unbound))
  }
  const binding = bindingOf(identity, rule, servers)
  const byScopes = wantedOf(rule, binding)
  let wanted = byScopes.get(scopes)
  if (wanted === undefined) {
    wanted = wantedToken(rule, scopes, rule.kind === 'connection' ? accountOf(rule, identity) : undefined, binding)
    byScopes.set(scopes, wanted)
  }
  return tokenCacheKey(identity, wanted)
}

function wantedOf(rule: AccessRule, binding: Binding): Map<readonly string[], WantedToken> {
  let byBinding = wantedByRule.get(rule)
  if (byBinding === undefined) {
    byBinding = new WeakMap()
    wantedByRule.set(rule, byBinding)
  }
  let byScopes = byBinding.get(binding)
  if (byScopes === undefined) {
    byScopes = new Map()
    byBinding.set(binding, byScopes)
  }
  return byScopes
}

/** What the token will be bound to: our key at the server that issues it. A vault's tokens are bound to none of ours. */
function bindingOf({ issuer }: Identity, rule: AccessRule, servers: AuthorizationServers): Binding {
  if (rule.kind === 'connection') return unbound
  const profile = rule.through === undefined ? servers.of(issuer).profile : profileOfRoute(rule.through)
  return profile?.dpop ?? unbound
}

/** Which account the policy names for this user. @throws ConfigurationError Its function gave neither text nor nothing. */
export function accountOf({ account }: ConnectionRule, identity: Identity): string | undefined {
  if (typeof account !== 'function') return account
  if (identity.kind !== 'user') return undefined
  const chosen: unknown = account({ identity })
  if (chosen === undefined || (typeof chosen === 'string' && chosen !== '')) return chosen
  throw new ConfigurationError('connection.account', 'gave neither an account id nor undefined')
}

/** Two servers may issue tokens for one API, each to several clients of ours. No URI has a space. */
function resourceTarget({ resource, through }: ResourceRule): string {
  return through === undefined ? resource : `${resource} ${through.issuer} ${profileOfRoute(through)?.clientId}`
}

function wantedToken(
  rule: AccessRule,
  scopes: readonly string[],
  account: string | undefined,
  { thumbprint }: Binding,
): WantedToken {
  return Object.freeze({
    source: rule.kind,
    target: rule.kind === 'resource' ? resourceTarget(rule) : rule.connection,
    scopes: Object.freeze([...scopes]),
    ...(account !== undefined && { account }),
    ...(thumbprint !== undefined && { keyThumbprint: thumbprint }),
  })
}

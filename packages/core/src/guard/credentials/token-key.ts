import type { AccessRule, ConnectionRule, Identity, ResourceRule } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { defined } from '../../base/values/index.ts'
import type { IssuedToken } from '../../credential/index.ts'
import type { DpopKey } from '../../oauth/client/dpop-key.ts'
import type { Profile } from '../../oauth/profiles/profile.ts'
import type { AuthorizationServers } from '../../oauth/server.ts'
import { type TokenCacheKey, tokenCacheKey, type WantedToken } from '../../token-exchange/token-cache-key.ts'
import { needsApproval, type PermittedCall } from '../call/call.ts'
import type { FoundToken } from '../call/call-credentials.ts'
import { callRule } from '../call/call-rule.ts'
import type { TokenSources } from '../guard-parts.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import { routeOf } from './resource-route.ts'

/** Replaces the key if the token is not bound to one. */
const unbound = Object.freeze({ thumbprint: undefined })

type Binding = DpopKey | typeof unbound

/** A key, and the values from which it was made, except identity and rule. */
interface Known {
  readonly scopes: readonly string[]
  readonly binding: Binding
  readonly key: TokenCacheKey
}

/** Remembered keys. The identity and the rule were frozen before, so they cannot change. */
const known = new WeakMap<Identity, WeakMap<AccessRule, Known>>()

/**
 * Returns the key under which a rule's token is cached for this identity (I2).
 *
 * Remembers the last key of an identity and a rule: a warm call reads it.
 */
export function tokenKey(
  identity: Identity,
  rule: AccessRule,
  scopes: readonly string[],
  servers: AuthorizationServers,
): TokenCacheKey {
  // An account that depends on the identity is read at each call: the app's stored choice may have changed.
  // Stryker disable next-line ConditionalExpression: A resource has no account. An account that is the same for all users gives the same key, whether its description is made once or at each call.
  if (rule.kind === 'connection' && typeof rule.account === 'function') {
    return connectionKey(identity, rule, scopes, accountOf(rule, identity))
  }
  const binding = bindingOf(identity, rule, servers)
  const last = known.get(identity)?.get(rule)
  if (last !== undefined && last.scopes === scopes && last.binding === binding) return last.key
  const account = rule.kind === 'connection' ? accountOf(rule, identity) : undefined
  const key = tokenCacheKey(identity, wantedToken(rule, scopes, account, binding))
  remember(identity, rule, { scopes, binding, key })
  return key
}

/** Returns the key of the token of one account. `undefined`: the account that the vault chooses. */
export const connectionKey = (
  identity: Identity,
  rule: ConnectionRule,
  scopes: readonly string[],
  account: string | undefined,
): TokenCacheKey => tokenCacheKey(identity, wantedToken(rule, scopes, account, unbound))

function remember(identity: Identity, rule: AccessRule, made: Known): void {
  if (!(Object.isFrozen(identity) && Object.isFrozen(rule) && Object.isFrozen(made.scopes))) return
  known.set(identity, (known.get(identity) ?? new WeakMap()).set(rule, made))
}

/** Returns the key that the token will be bound to: ours at the server that issues it. A vault's tokens have none. */
function bindingOf({ issuer }: Identity, rule: AccessRule, servers: AuthorizationServers): Binding {
  if (rule.kind === 'connection') return unbound
  const profile = rule.through === undefined ? servers.of(issuer).profile : routeOf(rule.through).profile
  return profile.dpop ?? unbound
}

/**
 * Returns the id of the account that the policy names for this user.
 * @throws ConfigurationError The policy's function returned neither text nor `undefined`.
 */
export function accountOf({ account }: ConnectionRule, identity: Identity): string | undefined {
  if (typeof account !== 'function') return account
  if (identity.kind !== 'user') return undefined
  const chosen: unknown = callRule('connection.account', account, { identity })
  if (chosen === undefined || (typeof chosen === 'string' && chosen !== '')) return chosen
  throw new ConfigurationError('connection.account', 'returned neither an account id nor undefined')
}

/**
 * Names the target. Two servers may issue tokens for one API, each to several clients of ours. No URI contains a space.
 */
function resourceTarget({ resource, through }: ResourceRule): string {
  return through === undefined ? resource : `${resource} ${through.issuer} ${routeOf(through).profile.clientId}`
}

function wantedToken(
  rule: AccessRule,
  scopes: readonly string[],
  account: string | undefined,
  { thumbprint }: Binding,
): WantedToken {
  return {
    source: rule.kind,
    target: rule.kind === 'resource' ? resourceTarget(rule) : rule.connection,
    scopes,
    ...defined({ account, keyThumbprint: thumbprint }),
  }
}

/** The issuer of a token, and the way to fetch it. */
interface Issuance {
  readonly profile: Pick<Profile, 'actor' | 'clientId' | 'dpop'>
  readonly load: (signal: AbortSignal) => Promise<IssuedToken>
}

/**
 * Returns the token of a resource, from the cache if it may be cached. The token of an approved call is not cached
 * (I2).
 */
export async function keptToken(
  call: PermittedCall,
  rule: ResourceRule,
  { profile: { clientId: client, actor, dpop }, load }: Issuance,
  { tokens, servers, agent }: TokenSources,
): Promise<FoundToken> {
  const { identity, grantable, deadline } = call
  if (needsApproval(call)) return { issued: await load(deadline.signal), cached: false }
  const key = tokenKey(identity, rule, scopesFor(grantable, rule), servers)
  const issued = await tokens.get(key, load, deadline.signal, { client, actor, agent: agent.name, dpop })
  return { issued, cached: true }
}

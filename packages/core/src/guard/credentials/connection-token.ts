import type { ConnectionRule, UserIdentity } from '../../base/contract/index.ts'
import { defined } from '../../base/values/index.ts'
import { type IssuedToken, revealToken } from '../../credential/index.ts'
import { delegationBoundsOf } from '../../delegations/delegations.ts'
import type { Vault, VaultAnswer, VaultRequest } from '../../vault/vault.ts'
import { needsApproval, type PermittedCall } from '../call/call.ts'
import { deny, interrupted, loginRequired, type Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import { accountOf, connectionKey, tokenKey } from './token-key.ts'

/** A vault's answer without a token. It is thrown out of the cache's load. */
class NoToken extends Error {
  readonly answer: Exclude<VaultAnswer, { status: 'token' }>

  constructor(answer: Exclude<VaultAnswer, { status: 'token' }>) {
    super(answer.status)
    this.answer = answer
  }
}

/**
 * Returns why this call may not have a token of a linked account, if it may not (I5).
 *
 * An account may hold more scopes than were requested. A call that `approval.when` exempts must not get a token with
 * scopes that need an approval, even if a call of another policy put that token into the cache.
 */
export function surplusOf(
  { grantable }: Pick<PermittedCall, 'grantable'>,
  rule: ConnectionRule,
  { scopes, hasUnknownScopes }: IssuedToken,
): string | undefined {
  if (grantable.approvalCase !== 'exempt') return undefined
  const withoutApproval = 'is not to be had without an approval'
  if (hasUnknownScopes === true) {
    return `${rule.connection}: the vault does not say which scopes the account's token holds, so it ${withoutApproval}`
  }
  const surplus = scopes.find((scope) => rule.scopes.includes(scope))
  if (surplus === undefined) return undefined
  return `${rule.connection}: the account's token holds ${surplus}, which ${withoutApproval}`
}

/**
 * Returns the token of a linked account, from the cache or the vault, or the refusal.
 * @param rejected - Token that the API rejected. A body that has started keeps its account, even if the user chooses
 *   another one.
 */
export async function connectionToken(
  call: PermittedCall,
  rule: ConnectionRule,
  sources: TokenSources,
  rejected?: IssuedToken,
): Promise<IssuedToken | Refusal> {
  const { identity, grantable, deadline } = call
  const { vault, tokens } = sources
  if (identity.kind !== 'user') return deny('misconfigured', 'a connection is a user’s, and this call has no user')
  if (vault === undefined) {
    return deny('misconfigured', 'uses a linked account: give createGuard a `vault`')
  }
  const by = vaultAccess(identity, vault)
  if ('refused' in by) return loginRequired(`${rule.connection}: ${by.refused}`)
  const scopes = scopesFor(grantable, rule)
  // Chosen once: the token must be cached under the account that the vault request names.
  const account = rejected === undefined ? accountOf(rule, identity) : rejected.account
  const request = {
    ...by,
    identity,
    connection: rule.connection,
    scopes,
    ...defined({ account, refused: rejected?.token }),
  }
  const key = connectionKey(identity, rule, scopes, account)
  if (account === undefined && needsApproval(call)) {
    // The person's answer covers the account that the vault chooses (A11). The user may have chosen another one in
    // another process.
    const held = tokens.peek(key)
    // A vault that names no accounts, such as a broker, would name none the next time either.
    if (held === undefined || held.account !== undefined) tokens.delete(key)
  }
  try {
    const issued = await tokens.get(
      key,
      (signal) => askVault(call, { ...request, signal }, { ...sources, vault }),
      deadline.signal,
    )
    const surplus = surplusOf(call, rule, issued)
    return surplus === undefined ? issued : deny('misconfigured', surplus)
  } catch (error) {
    if (error instanceof NoToken) return refusalOf(error.answer, rule, scopes, vault)
    throw error
  }
}

async function askVault(
  { identity, report }: PermittedCall,
  { signal, ...request }: VaultRequest & { readonly signal: AbortSignal },
  { vault, servers, clock }: TokenSources & { readonly vault: Vault },
): Promise<IssuedToken> {
  const startedAt = clock.now()
  const answer = await vault.token(request, { authorizationServers: servers, now: startedAt, signal })
  if (answer.status !== 'token') throw new NoToken(answer)
  const { token, scopes = request.scopes } = answer
  const hasUnknownScopes = answer.scopes === undefined
  const { expiresAt, recheckSeconds, account = request.account } = answer
  const issued = { token, scopes, ...defined({ expiresAt, account }), ...(hasUnknownScopes && { hasUnknownScopes }) }
  report.recordToken(identity, { source: 'vault', audience: request.connection, issued, startedAt })
  if (recheckSeconds === undefined) return issued
  // The cache holds it only as long as the vault says: this process is not notified of a disconnect in another process.
  const recheckAt = Math.floor(clock.now() / 1000) + recheckSeconds
  return { ...issued, expiresAt: Math.min(expiresAt ?? recheckAt, recheckAt) }
}

const messages = {
  not_connected: (connection: string) => `Connect your ${connection} account to continue.`,
  must_reconnect: (connection: string) => `Connect your ${connection} account again to continue.`,
  needs_scopes: (connection: string) => `Allow more access to your ${connection} account to continue.`,
  choose_account: (connection: string) => `Choose which of your ${connection} accounts to use.`,
} as const

/** Returns the refusal for the vault's answer. An outage never becomes a consent prompt. */
function refusalOf(
  answer: NoToken['answer'],
  { connection }: ConnectionRule,
  scopes: readonly string[],
  vault: Vault,
): Refusal {
  const detail = `${connection}: ${answer.status}: ${answer.detail}`
  switch (answer.status) {
    case 'unavailable': {
      const { retryAfter } = answer
      return defined({ status: 'unavailable' as const, detail, retryAfter })
    }
    case 'misconfigured':
      return deny('misconfigured', detail)
    case 'login_required':
      return loginRequired(detail)
    case 'not_connected':
    case 'must_reconnect':
    case 'needs_scopes':
    case 'choose_account': {
      const { account } = answer
      const url = vault.connectUrl?.(defined({ connection, scopes, account }))
      const message = messages[answer.status](connection)
      return interrupted(detail, { kind: 'connection_required', message, connection, scopes, url })
    }
    default:
      // A vault is a port: an answer outside its contract opens nothing.
      return deny('misconfigured', `${connection}: the vault returned an unknown answer`)
  }
}

/**
 * Returns the grant by which a job may ask the vault: the worker grant, if its user agreed to it. A vault that needs no
 * proof of the user would also give tokens to a delegation without a worker grant, so that is refused here.
 */
function vaultAccess(
  identity: UserIdentity,
  vault: Vault,
): Pick<VaultRequest, 'delegation'> | { readonly refused: string } {
  const id = identity.delegationId
  const bounds = id === undefined ? undefined : delegationBoundsOf(identity)
  if (id === undefined || bounds?.credentials === 'refresh_token') return {}
  if (bounds?.credentials !== 'worker')
    return { refused: 'the delegation was made without anything that brings tokens' }
  if (vault.hasWorkerGrant !== true) return { refused: 'the delegation needs a worker grant, and the vault has none' }
  return { delegation: { id, agent: bounds.agent } }
}

/** Asks twice: a request that began before the vault knew of the rejection may return the rejected token again. */
export async function renewedConnection(
  call: PermittedCall,
  rule: ConnectionRule,
  rejected: IssuedToken,
  sources: TokenSources,
): Promise<IssuedToken | undefined> {
  const { identity, grantable } = call
  const scopes = scopesFor(grantable, rule)
  // Policy or vault chose the account, and the vault may know it by another name than the policy.
  const chosen = tokenKey(identity, rule, scopes, sources.servers)
  const keys = [chosen, connectionKey(identity, rule, scopes, rejected.account)]
  let held = rejected
  for (let asked = 0; asked < 2; asked++) {
    for (const key of keys) sources.tokens.delete(key, held)
    const token = await connectionToken(call, rule, sources, rejected)
    if ('status' in token) return undefined
    if (revealToken(token.token) !== revealToken(rejected.token)) return token
    held = token
  }
  return undefined
}

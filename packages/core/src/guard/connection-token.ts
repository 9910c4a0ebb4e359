import type { ConnectionRule, UserIdentity } from '../contract/index.ts'
import type { IssuedToken, Token } from '../credential/index.ts'
import type { Vault, VaultAnswer, VaultRequest } from '../vault/vault.ts'
import { isExempt, scopesFor } from './check-roles.ts'
import { vaultAccess } from './delegated-work.ts'
import type { Environment } from './environment.ts'
import { noteToken } from './note-token.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, type Stop } from './stop.ts'
import { accountOf, tokenKey } from './token-key.ts'

/** A vault's answer without a token, on its way out of the cache's load. */
class NoToken extends Error {
  readonly answer: Exclude<VaultAnswer, { status: 'token' }>

  constructor(answer: Exclude<VaultAnswer, { status: 'token' }>) {
    super(answer.status)
    this.answer = answer
  }
}

/** A token that holds a scope which needs an approval, for a call that has none. */
class TooMuch extends Error {
  constructor(connection: string, scope: string) {
    super(`${connection}: the account's token holds ${scope}, which is not to be had without an approval`)
  }
}

/**
 * The token of a linked account, from the cache or the vault; or why there is none.
 *
 * @param refused - What the API did not take.
 */
export async function connectionToken(
  progress: Progress,
  rule: ConnectionRule,
  environment: Environment,
  refused?: Token,
): Promise<IssuedToken | Stop> {
  const { identity } = progress
  const { vault } = environment
  if (identity?.kind !== 'user') return deny('misconfigured', 'a connection is a user’s, and no user is here')
  if (vault === undefined) {
    return deny('misconfigured', 'the policy needs a connection and the guard has no `vault`')
  }
  const by = vaultAccess(identity, environment)
  if ('refused' in by) return loginRequired(`${rule.connection}: ${by.refused}`)
  try {
    return await environment.tokens.get(
      tokenKey(identity, rule, scopesFor(progress, rule), environment.servers),
      (signal) => askVault(progress, identity, rule, environment, { ...by, vault, signal, refused }),
      progress.signal,
    )
  } catch (error) {
    if (error instanceof NoToken) return stopOf(error.answer, rule, scopesFor(progress, rule), environment)
    if (error instanceof TooMuch) return deny('misconfigured', error.message)
    throw error
  }
}

async function askVault(
  progress: Progress,
  identity: UserIdentity,
  rule: ConnectionRule,
  environment: Environment,
  {
    vault,
    signal,
    refused,
    delegation,
  }: Pick<VaultRequest, 'delegation'> & {
    readonly vault: Vault
    readonly signal: AbortSignal
    readonly refused: Token | undefined
  },
): Promise<IssuedToken> {
  const { servers, clock } = environment
  const account = accountOf(rule, identity)
  const startedAt = clock.now()
  const answer = await vault.token(
    {
      identity,
      connection: rule.connection,
      scopes: scopesFor(progress, rule),
      ...(account !== undefined && { account }),
      ...(delegation !== undefined && { delegation }),
      ...(refused !== undefined && { refused }),
    },
    { authorizationServers: servers, now: startedAt, signal },
  )
  if (answer.status !== 'token') throw new NoToken(answer)
  const { token, scopes } = answer
  // I5: an upstream account may give more than was asked, and here that is what only a person may grant.
  const surplus = isExempt(progress) ? scopes.find((scope) => rule.scopes.includes(scope)) : undefined
  if (surplus !== undefined) throw new TooMuch(rule.connection, surplus)
  const { expiresAt, recheckSeconds } = answer
  const issued = { token, scopes, ...(expiresAt !== undefined && { expiresAt }) }
  noteToken(progress, environment, { source: 'vault', audience: rule.connection, issued, startedAt })
  if (recheckSeconds === undefined) return issued
  // Kept no longer than the vault says: what was disconnected elsewhere is not known here.
  const recheckAt = Math.floor(clock.now() / 1000) + recheckSeconds
  return { ...issued, expiresAt: Math.min(expiresAt ?? recheckAt, recheckAt) }
}

const messages = {
  not_connected: (connection: string) => `Connect your ${connection} account to continue.`,
  must_reconnect: (connection: string) => `Connect your ${connection} account again to continue.`,
  needs_scopes: (connection: string) => `Allow more access to your ${connection} account to continue.`,
  choose_account: (connection: string) => `Choose which of your ${connection} accounts to use.`,
} as const

/** An outage never turns into a consent prompt. */
function stopOf(
  answer: NoToken['answer'],
  { connection }: ConnectionRule,
  scopes: readonly string[],
  { vault }: Environment,
): Stop {
  const detail = `${connection}: ${answer.status}: ${answer.detail}`
  switch (answer.status) {
    case 'unavailable': {
      const { retryAfter } = answer
      return { status: 'unavailable', detail, ...(retryAfter !== undefined && { retryAfter }) }
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
      const url = vault?.connectUrl?.({ connection, scopes, ...(account !== undefined && { account }) })
      return {
        status: 'interrupted',
        detail,
        interrupt: {
          kind: 'connection_required',
          id: crypto.randomUUID(),
          message: messages[answer.status](connection),
          connection,
          scopes,
          ...(url !== undefined && { url }),
        },
      }
    }
    default:
      // A vault is a port: what it says beyond its contract opens nothing.
      return deny('misconfigured', `${connection}: the vault gave an answer that is not known`)
  }
}

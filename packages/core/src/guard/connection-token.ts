import type { ConnectionRule, UserIdentity } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import type { VaultAnswer } from '../vault/vault.ts'
import { isExempt, scopesFor } from './check-roles.ts'
import type { Environment } from './environment.ts'
import { noteToken } from './note-token.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, type Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

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

/** The token of a linked account, from the cache or the vault; or why there is none. */
export async function connectionToken(
  progress: Progress,
  rule: ConnectionRule,
  environment: Environment,
): Promise<IssuedToken | Stop> {
  const { identity } = progress
  if (identity?.kind !== 'user') return deny('misconfigured', 'a connection is a user’s, and no user is here')
  if (environment.vault === undefined) {
    return deny('misconfigured', 'the policy needs a connection and the guard has no `vault`')
  }
  try {
    return await environment.tokens.get(
      tokenKey(identity, rule, scopesFor(progress, rule)),
      (signal) => askVault(progress, identity, rule, environment, signal),
      progress.signal,
    )
  } catch (error) {
    if (error instanceof NoToken) return stopOf(error.answer, rule.connection, scopesFor(progress, rule))
    if (error instanceof TooMuch) return deny('misconfigured', error.message)
    throw error
  }
}

async function askVault(
  progress: Progress,
  identity: UserIdentity,
  rule: ConnectionRule,
  environment: Environment,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const { vault, servers, clock } = environment
  if (vault === undefined) throw new ConfigurationError('vault', 'the policy needs a connection and there is none')
  const answer = await vault.token(
    {
      identity,
      connection: rule.connection,
      scopes: scopesFor(progress, rule),
      ...(rule.account !== undefined && { account: rule.account }),
    },
    { authorizationServers: servers, now: clock.now(), signal },
  )
  if (answer.status !== 'token') throw new NoToken(answer)
  const { token, scopes, expiresAt } = answer
  // I5: an upstream account may give more than was asked, and here that is what only a person may grant.
  const surplus = isExempt(progress) ? scopes.find((scope) => rule.scopes.includes(scope)) : undefined
  if (surplus !== undefined) throw new TooMuch(rule.connection, surplus)
  const issued = { token, scopes, ...(expiresAt !== undefined && { expiresAt }) }
  noteToken(progress, environment, { source: 'vault', audience: rule.connection, issued })
  return issued
}

/** An outage never turns into a consent prompt. */
function stopOf(answer: NoToken['answer'], connection: string, scopes: readonly string[]): Stop {
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
    case 'choose_account':
      return {
        status: 'interrupted',
        detail,
        interrupt: {
          kind: 'connection_required',
          id: crypto.randomUUID(),
          message: `Connect your ${connection} account to continue.`,
          connection,
          scopes,
        },
      }
    default:
      // A vault is a port: what it says beyond its contract opens nothing.
      return deny('misconfigured', `${connection}: the vault gave an answer that is not known`)
  }
}

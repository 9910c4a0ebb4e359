import type { AccountChoice, ConnectionRule } from '../contract/index.ts'
import { idempotencyHeaderName } from '../credential/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { originList, refuseUnknownKeys, requireText, scopeList } from '../lib/index.ts'
import { connectionToken, renewedConnection, surplusOf } from './connection-token.ts'
import { withAccount } from './linked-account.ts'

const account = { surplusOf, token: connectionToken, renewed: renewedConnection }

/** Scopes, origins and account of a connection, as a policy needs them. */
export interface ConnectionOptions {
  /** Scopes that the tool needs at the provider, as the provider writes them in its answers. */
  readonly scopes: readonly string[]
  /**
   * Scopes that a call may request when `approval.when` exempts it. Shares no scope with `scopes`. An exempted call is
   * refused an account whose token holds one of `scopes`.
   */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see the token: the provider's API. */
  readonly origins: readonly string[]
  /**
   * Vault's id of the linked account to use, where there are several: one id for all users, or a function of the
   * identity. The app chooses it, never the model.
   * @default the user's only account, or the one that they chose in the app's pages
   */
  readonly account?: string | AccountChoice
  /**
   * Header from which the API reads an idempotency key, such as `Idempotency-Key`. In a `write` call, the first request
   * that is not a GET, HEAD, OPTIONS or TRACE carries the call's key, the n-th one `key.n`, whichever credential sends
   * it. A header that the body sets itself is not changed. A body that is retried must make the same requests in the
   * same order. If it skips a request that is done already, set the header yourself, from `idempotencyKey` and a name
   * for each request.
   * @default none is set
   */
  readonly idempotencyHeader?: string
}

/** A rule that names the scopes of an exempted call, so that the policy may have `approval.when`. */
export type ExemptibleConnectionRule = ConnectionRule & { readonly withoutApproval: readonly string[] }

/**
 * Declares an upstream (third-party) account of the user, which is reached with a token from the vault.
 *
 * Data only: makes no request, and does not check that the vault has this connection.
 *
 * @param name - Vault's name of the connection, such as `google-oauth2`.
 * @throws ConfigurationError Name, scope, origin or account is missing or wrong, or a scope is in both `scopes` and
 *   `withoutApproval`: a scope that needs an approval must not be available without one.
 */
export function connection(
  name: string,
  options: ConnectionOptions & { readonly withoutApproval: readonly string[] },
): ExemptibleConnectionRule
/** The same without scopes for exempted calls. */
export function connection(name: string, options: ConnectionOptions): ConnectionRule
export function connection(name: string, options: ConnectionOptions): ConnectionRule {
  refuseUnknownKeys('connection', options, ['scopes', 'withoutApproval', 'origins', 'account', 'idempotencyHeader'])
  const scopes = scopeList('connection.scopes', options.scopes)
  const rule: ConnectionRule = {
    kind: 'connection',
    connection: requireText('connection', name),
    scopes,
    ...(options.withoutApproval !== undefined && { withoutApproval: exempted(options.withoutApproval, scopes) }),
    origins: originList('connection.origins', options.origins),
    ...(options.account !== undefined && {
      account:
        typeof options.account === 'function' ? options.account : requireText('connection.account', options.account),
    }),
    ...(options.idempotencyHeader !== undefined && {
      idempotencyHeader: idempotencyHeaderName('connection.idempotencyHeader', options.idempotencyHeader),
    }),
  }
  return withAccount(rule, account)
}

function exempted(list: readonly string[], scopes: readonly string[]): readonly string[] {
  const withoutApproval = scopeList('connection.withoutApproval', list)
  const both = withoutApproval.find((scope) => scopes.includes(scope))
  if (both === undefined) return withoutApproval
  throw new ConfigurationError(
    'connection.withoutApproval',
    `${both} stands in scopes too, and what needs an approval cannot be had without one: name a smaller scope`,
  )
}

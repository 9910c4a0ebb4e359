import type { ConnectionRule } from '../../base/contract/index.ts'
import { originList, refuseUnknownKeys, requireText, scopeList } from '../../base/values/index.ts'
import { idempotencyHeaderName } from '../../credential/index.ts'
import { withConnectionAccess } from '../credentials/connection-access.ts'
import { connectionToken, renewedConnection, surplusOf } from '../credentials/connection-token.ts'
import { exempted } from './exempted-scopes.ts'

const account = { surplusOf, token: connectionToken, renewed: renewedConnection }

/** Scopes, origins and account of a connection, as a policy needs them. */
export type ConnectionOptions = Omit<ConnectionRule, 'kind' | 'connection'>

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
    ...exempted('connection.withoutApproval', options.withoutApproval, scopes),
    origins: originList('connection.origins', options.origins),
    ...(options.account !== undefined && {
      account:
        typeof options.account === 'function' ? options.account : requireText('connection.account', options.account),
    }),
    ...(options.idempotencyHeader !== undefined && {
      idempotencyHeader: idempotencyHeaderName('connection.idempotencyHeader', options.idempotencyHeader),
    }),
  }
  return withConnectionAccess(rule, account)
}

import { optional, required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import { requireConfidential, type ServerContext } from '../server-context.ts'
import type { LinkedAccount } from '../state.ts'
import { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from '../subject-token.ts'
import { verifyWorkerRequest } from '../worker-request.ts'

const FEDERATED_TOKEN = 'http://auth0.com/oauth/token-type/federated-connection-access-token'
const WORKER_TOKEN = 'http://auth0.com/oauth/token-type/token-vault-access-token'

/**
 * Auth0 Token Vault: an upstream access token for the user behind the subject token.
 *
 * Knows the subject token types `access_token` (of the client's own API), `refresh_token` (of a client
 * whose refresh tokens do not rotate) and `jwt` (of a privileged worker).
 */
export async function federatedConnection(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
): Promise<object> {
  requireConfidential(client)
  const byWorker = required(parameters, 'subject_token_type') === TOKEN_TYPE.jwt
  const issuedType = byWorker ? WORKER_TOKEN : FEDERATED_TOKEN
  if (required(parameters, 'requested_token_type') !== issuedType) {
    throw new Refusal('invalid_request', `requested_token_type must be ${issuedType}`)
  }
  const subject = await userOf(context, client, parameters)
  const connection = context.connections.get(required(parameters, 'connection'))
  if (connection === undefined) throw new Refusal('invalid_request', 'unknown connection')
  const account = chooseAccount(context, subject, connection.name, optional(parameters, 'login_hint'))
  const upstream = await connection.server.refreshForVault(connection.clientId, account.refreshToken)
  if (upstream === undefined) {
    throw new Refusal('federated_connection_refresh_token_flow_failed', 'the upstream refused the refresh token', {
      status: 401,
    })
  }
  return { ...upstream, issued_token_type: issuedType }
}

/** An extension grant's own error, under Auth0's status. */
const invalidGrant = (description: string) => new Refusal('invalid_grant', description, { status: 403 })

async function userOf(context: ServerContext, client: MockClient, parameters: URLSearchParams): Promise<string> {
  const type = required(parameters, 'subject_token_type')
  const token = required(parameters, 'subject_token')
  if (type === TOKEN_TYPE.accessToken) {
    if (client.api === undefined) {
      throw new Refusal(
        'unauthorized_client',
        `client ${client.clientId} is no API, so it cannot hand in access tokens`,
      )
    }
    const claims = await verifyOwnToken(context, token, type, 'subject_token', invalidGrant)
    requireOwnAudience(context, client, claims, type, 'subject_token')
    return claims.sub
  }
  if (type === TOKEN_TYPE.jwt) return verifyWorkerRequest(context, client, token, invalidGrant)
  if (type !== TOKEN_TYPE.refreshToken) throw new Refusal('invalid_request', `subject_token_type not taken: ${type}`)
  if (client.rotatesRefreshTokens !== false) {
    throw new Refusal('unauthorized_client', `refresh tokens of client ${client.clientId} rotate`)
  }
  const grant = context.state.refreshTokens.get(token)?.grant
  if (grant === undefined || grant.revoked || grant.clientId !== client.clientId) {
    throw invalidGrant('unknown or revoked refresh token, or one of another client')
  }
  return grant.session.subject
}

function chooseAccount(
  context: ServerContext,
  subject: string,
  connection: string,
  loginHint: string | undefined,
): LinkedAccount {
  const linked = (context.state.linkedAccounts.get(subject) ?? []).filter((one) => one.connection === connection)
  // Without a hint the account that was linked first is meant.
  const account =
    loginHint === undefined
      ? linked[0]
      : linked.find((one) => one.upstreamSubject === loginHint || one.accountId === loginHint)
  if (account === undefined) {
    throw new Refusal('federated_connection_refresh_token_not_found', `no account is linked for ${connection}`, {
      status: 401,
    })
  }
  return account
}

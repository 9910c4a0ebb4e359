import { optional, required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { GrantRequest, SharedServer } from '../server-facts.ts'
import type { LinkedAccount } from '../state.ts'
import { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from '../tokens/subject-token.ts'
import { verifyWorkerRequest } from './worker-request.ts'

const FEDERATED_TOKEN = 'http://auth0.com/oauth/token-type/federated-connection-access-token'
const WORKER_TOKEN = 'http://auth0.com/oauth/token-type/token-vault-access-token'

/**
 * Auth0 Token Vault: an upstream access token for the user behind the subject token.
 *
 * Knows the subject token types `access_token` (of the client's own API), `refresh_token` (of a client
 * whose refresh tokens do not rotate) and `jwt` (of a privileged worker).
 */
export async function federatedConnection(server: SharedServer, request: GrantRequest): Promise<object> {
  const { parameters } = request
  const byWorker = required(parameters, 'subject_token_type') === TOKEN_TYPE.jwt
  const issuedType = byWorker ? WORKER_TOKEN : FEDERATED_TOKEN
  if (required(parameters, 'requested_token_type') !== issuedType) {
    throw new Refusal('invalid_request', `requested_token_type must be ${issuedType}`)
  }
  const subject = await userOf(server, request)
  const connection = server.connections.get(required(parameters, 'connection'))
  if (connection === undefined) throw new Refusal('invalid_request', 'unknown connection')
  const account = chooseAccount(server, subject, connection.name, optional(parameters, 'login_hint'))
  const upstream = await connection.server.refreshForVault(connection.clientId, account.refreshToken)
  if (upstream === undefined) {
    const why = 'the upstream refused the refresh token'
    throw new Refusal('federated_connection_refresh_token_flow_failed', why, { status: 401 })
  }
  return { ...upstream, issued_token_type: issuedType }
}

/** Makes the error of an extension grant, with Auth0's status. */
const invalidGrant = (description: string) => new Refusal('invalid_grant', description, { status: 403 })

async function userOf(server: SharedServer, { client, parameters }: GrantRequest): Promise<string> {
  const type = required(parameters, 'subject_token_type')
  const token = required(parameters, 'subject_token')
  if (type === TOKEN_TYPE.accessToken) {
    if (client.api === undefined) {
      const why = `client ${client.clientId} is no API, so it cannot hand in access tokens`
      throw new Refusal('unauthorized_client', why)
    }
    const claims = await verifyOwnToken(server, token, type, 'subject_token', invalidGrant)
    requireOwnAudience(server, client, claims, type)
    return claims.sub
  }
  if (type === TOKEN_TYPE.jwt) return verifyWorkerRequest(server, client, token, invalidGrant)
  if (type !== TOKEN_TYPE.refreshToken) throw new Refusal('invalid_request', `subject_token_type not taken: ${type}`)
  if (client.rotatesRefreshTokens !== false) {
    throw new Refusal('unauthorized_client', `refresh tokens of client ${client.clientId} rotate`)
  }
  const user = await server.refreshTokenUser(token, client.clientId)
  if (user === undefined) throw invalidGrant('unknown or revoked refresh token, or one of another client')
  return user
}

function chooseAccount(
  { state }: SharedServer,
  subject: string,
  connection: string,
  loginHint: string | undefined,
): LinkedAccount {
  const linked = (state.linkedAccounts.get(subject) ?? []).filter((one) => one.connection === connection)
  // Without a hint, the account that was linked first is used.
  const account =
    loginHint === undefined
      ? linked[0]
      : linked.find((one) => one.upstreamSubject === loginHint || one.accountId === loginHint)
  if (account !== undefined) return account
  const why = `no account is linked for ${connection}`
  throw new Refusal('federated_connection_refresh_token_not_found', why, { status: 401 })
}

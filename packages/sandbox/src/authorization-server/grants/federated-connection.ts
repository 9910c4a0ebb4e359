import { errors } from 'oidc-provider'
import { GRANT } from '../client-metadata.ts'
import type { SandboxConnection } from '../options.ts'
import { refuse } from '../refuse.ts'
import { clientOf, type LinkedAccount, type ServerContext } from '../server-context.ts'
import type { CustomGrant, GrantContext } from './grant.ts'
import { optional, required } from './parameters.ts'
import { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from './subject-token.ts'

const FEDERATED_TOKEN = 'http://auth0.com/oauth/token-type/federated-connection-access-token'

/** Makes the error of an extension grant, with Auth0's status. */
const invalidGrant = (description: string): Error => refuse('invalid_grant', description, 403)

/**
 * Auth0 Token Vault: an upstream access token for the user behind the subject token, fetched with the refresh token
 * that the vault holds.
 *
 * Knows the subject token types `access_token` (of the client's own API) and `refresh_token` (of a client whose
 * refresh tokens do not rotate).
 */
export const federatedConnection: CustomGrant = {
  type: GRANT.federatedConnection,
  parameters: ['subject_token', 'subject_token_type', 'requested_token_type', 'connection', 'login_hint', 'scope'],
  async handle(context, ctx) {
    if (required(ctx, 'requested_token_type') !== FEDERATED_TOKEN) {
      throw new errors.InvalidRequest(`requested_token_type must be ${FEDERATED_TOKEN}`)
    }
    const subject = await userOf(context, ctx)
    const name = required(ctx, 'connection')
    const connection = context.options.connections?.find((one) => one.name === name)
    if (connection === undefined) throw new errors.InvalidRequest('unknown connection')
    const account = chooseAccount(context, subject, name, optional(ctx, 'login_hint'))
    return { ...(await refreshUpstream(connection, account)), issued_token_type: FEDERATED_TOKEN }
  },
}

async function userOf(context: ServerContext, ctx: GrantContext): Promise<string> {
  const { clientId } = ctx.oidc.client
  const client = clientOf(context, clientId)
  const type = required(ctx, 'subject_token_type')
  const token = required(ctx, 'subject_token')
  if (type === TOKEN_TYPE.accessToken) {
    if (client?.api === undefined) {
      throw refuse('unauthorized_client', `client ${clientId} is no API, so it cannot hand in access tokens`)
    }
    const claims = await verifyOwnToken(context, token, type, 'subject_token', invalidGrant)
    requireOwnAudience(context, clientId, claims, type)
    return claims.sub
  }
  if (type !== TOKEN_TYPE.refreshToken) throw new errors.InvalidRequest(`subject_token_type not taken: ${type}`)
  if (client?.rotatesRefreshTokens !== false) {
    throw refuse('unauthorized_client', `refresh tokens of client ${clientId} rotate`)
  }
  const found = await context.provider.RefreshToken.find(token)
  if (found === undefined || found.clientId !== clientId) {
    throw invalidGrant('unknown or revoked refresh token, or one of another client')
  }
  return found.accountId
}

function chooseAccount(
  { state }: ServerContext,
  subject: string,
  connection: string,
  loginHint: string | undefined,
): LinkedAccount {
  const linked = (state.linkedAccounts.get(subject) ?? []).filter((one) => one.connection === connection)
  // Without a hint the account that was linked first is meant.
  const account =
    loginHint === undefined
      ? linked[0]
      : linked.find((one) => one.upstreamSubject === loginHint || one.accountId === loginHint)
  if (account !== undefined) return account
  throw refuse('federated_connection_refresh_token_not_found', `no account is linked for ${connection}`, 401)
}

async function refreshUpstream(connection: SandboxConnection, { refreshToken }: LinkedAccount): Promise<object> {
  const credentials = btoa(`${formEncode(connection.clientId)}:${formEncode(connection.clientSecret)}`)
  const response = await fetch(connection.server.tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({
      grant_type: GRANT.refreshToken,
      refresh_token: refreshToken,
      resource: connection.resource,
    }),
  })
  if (!response.ok) {
    throw refuse('federated_connection_refresh_token_flow_failed', 'the upstream refused the refresh token', 401)
  }
  const { access_token, token_type, expires_in, scope } = (await response.json()) as Readonly<Record<string, unknown>>
  // The vault keeps the upstream's refresh token and id_token to itself.
  return { access_token, token_type, expires_in, scope }
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

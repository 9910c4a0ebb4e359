import { type MockConnection, TestingError, type VaultToken } from '@behalf/testing'
import { acrOf, epochSeconds, GRANT } from '@behalf/testing/authorization-server'
import type { SandboxConnection } from '../options.ts'
import type { ServerContext } from '../server-context.ts'
import { grantOf } from './grant-of.ts'

/** Returns a connection for the vault, which gets tokens at the token endpoint of the upstream. */
export function vaultConnection(connection: SandboxConnection): MockConnection {
  const { name, clientId, resource, server } = connection
  const refreshForVault = (_clientId: string, token: string) => refreshUpstream(connection, token)
  return { name, clientId, resource, server: { ...server, refreshForVault } }
}

async function refreshUpstream(connection: SandboxConnection, refreshToken: string): Promise<VaultToken | undefined> {
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
  if (!response.ok) return undefined
  const { access_token, token_type, expires_in, scope } = (await response.json()) as VaultToken
  // The vault keeps the upstream's refresh token and id_token to itself.
  return { access_token, token_type, expires_in, scope }
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** Performs the upstream's part of a link: a login there, and a refresh token for the vault's client. */
export async function grantToVault(
  context: ServerContext,
  clientId: string,
  subject: string,
  resource: string,
  scopes: readonly string[] | undefined,
): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }> {
  const { provider } = context
  const client = await provider.Client.find(clientId)
  const known = context.resources.get(resource)?.scopes
  if (client === undefined || known === undefined || !context.state.users.has(subject)) {
    throw new TestingError(`${context.issuer} knows no such client, user or API: ${clientId}, ${subject}, ${resource}`)
  }
  const granted = scopes ?? known
  const asked = ['openid', 'offline_access', ...granted]
  const grant = await grantOf(context, { clientId, subject, scopes: asked, resources: [resource] })
  const token = new provider.RefreshToken({
    accountId: subject,
    acr: acrOf(context, subject),
    authTime: epochSeconds(),
    client,
    grantId: grant.jti,
    gty: 'authorization_code',
    resource,
    rotations: 0,
    scope: asked.join(' '),
  } as never)
  return { refreshToken: await token.save(), scopes: granted }
}

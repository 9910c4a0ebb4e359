import type { MockConnection, VaultToken } from '@behalf/testing'
import { GRANT } from '@behalf/testing/authorization-server'
import type { SandboxConnection } from '../options.ts'

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

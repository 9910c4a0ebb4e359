import type { AuthorizationServer, RevokeTokenOptions } from './server.ts'

/** Maximum time for a revocation, so that a silent server does not delay a logout. */
const GIVE_BACK_MS = 3_000

/** Servers at which tokens can be ended. */
export interface RevokingServers {
  of(issuer: string): Pick<AuthorizationServer, 'revoke'>
}

/**
 * Revokes a token at the server (RFC 7009), if the server supports it. Never fails, since the token is already removed
 * here; a token that the server did not revoke expires.
 */
export async function releaseToken(
  servers: RevokingServers,
  { issuer, token, hint }: { readonly issuer: string; readonly token: string } & Pick<RevokeTokenOptions, 'hint'>,
): Promise<void> {
  try {
    await servers.of(issuer).revoke(token, { hint, timeoutMs: GIVE_BACK_MS })
  } catch {
    // Not there, or not now.
  }
}

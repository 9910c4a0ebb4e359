import type { AuthorizationServer, RevokeTokenOptions } from './server.ts'

/** A server that does not answer holds up no logout. */
const GIVE_BACK_MS = 3_000

/** Servers at which tokens can be ended. */
export interface RevokingServers {
  of(issuer: string): Pick<AuthorizationServer, 'revoke'>
}

/**
 * Tells the server that a token is needed no more (RFC 7009), where it takes that. Never fails, since the token is
 * gone here already; what the server did not hear of ends by itself.
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

import type { AuthorizationServer, ReceivedTokens, RevokeTokenOptions } from '../server.ts'

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
    // The server does not support revocation, or does not answer.
  }
}

/** Revokes tokens that were refused here, if the issuer supports that. Never fails: the tokens are stored nowhere. */
export async function revokeTokens(
  servers: RevokingServers,
  issuer: string,
  { accessToken, refreshToken }: { readonly [Key in keyof ReceivedTokens]?: string | undefined },
): Promise<void> {
  const back = (token: string | undefined, hint: RevokeTokenOptions['hint']) =>
    token === undefined ? undefined : releaseToken(servers, { issuer, token, hint })
  await Promise.all([back(refreshToken, 'refresh_token'), back(accessToken, 'access_token')])
}

/**
 * Runs a grant. If it fails, its tokens are not stored, so they are revoked. Tokens that arrive after the deadline, from a
 * fetch that ignores its signal, are not revoked. Some servers then end all of a user's grants, or all logins of a
 * browser, and the user may have succeeded meanwhile.
 */
export async function orRevoked<Answer>(
  revoke: (tokens: ReceivedTokens) => Promise<unknown>,
  run: (onTokens: (tokens: ReceivedTokens) => void) => Promise<Answer>,
): Promise<Answer> {
  const received: ReceivedTokens = {}
  try {
    return await run((tokens) => void Object.assign(received, tokens))
  } catch (error) {
    await revoke(received)
    throw error
  }
}

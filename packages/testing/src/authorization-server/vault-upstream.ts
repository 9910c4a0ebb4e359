/** An access token and what the token response says about it. */
export interface VaultToken {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly scope: string
}

/** What a mocked authorization server does for the token vault of another one, in the place of its token endpoint. */
export interface VaultUpstream {
  readonly issuer: string
  /** A login of a user at the upstream: a refresh token for the vault's client. */
  linkForVault(
    clientId: string,
    subject: string,
    resource: string,
    scopes?: readonly string[],
  ): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }>
  /** A fresh access token, or `undefined` where the refresh token no longer works. */
  refreshForVault(clientId: string, refreshToken: string): Promise<VaultToken | undefined>
}
